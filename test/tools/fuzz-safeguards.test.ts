import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { startProgram } from "../support/program.ts";

let running: ReturnType<typeof startProgram> | undefined;
afterEach(async () => {
  await running?.stop();
});

interface Safeguard {
  /** Code of the built program, which must be in exactly one file, and the code that takes its place. */
  readonly edits: readonly (readonly [code: string, replacement: string])[];
  /** The text that the run must print. */
  readonly found: readonly RegExp[];
  /** The number of kinds of failure after which the run ends. */
  readonly kinds?: string;
}

/** Safeguards of the built program, and the failure that the fuzzer must report without each. */
const SAFEGUARDS: Readonly<Record<string, Safeguard>> = {
  "the access rule of pages, searches and exports": {
    edits: [["::boolean or task.user_id =", "::boolean or true or task.user_id ="]],
    found: [/200 instead of 404|data instead of NOT_FOUND/, /200 for a task that may not be read|foreign: /],
    kinds: "3",
  },
  "the last row of a batch of an export": {
    edits: [["yield rows.map((row) => readExportedJob", "yield rows.slice(1).map((row) => readExportedJob"]],
    found: [/exported rows instead of/],
  },
  "the maximum of a page": {
    edits: [["MAX_LIMIT = 100;", "MAX_LIMIT = 1000;"]],
    found: [/instead of 400|data instead of/],
  },
  "the mask of an error": {
    edits: [
      ["return UUID.test(text)", "return true"],
      [
        'withPosition(formatted, new Failure("INTERNAL"))',
        'withPosition(formatted, new Failure("INTERNAL", { message: error.originalError?.stack }))',
      ],
      ['"INTERNAL", { cause });', '"INTERNAL", { cause, message: cause?.stack });'],
    ],
    found: [/leak: /],
    kinds: "8",
  },
  "a key of a response": {
    edits: [["\n        total_email_addresses,\n", "\n        total_email_addresses, total: 0,\n"]],
    found: [/GET \/api\/v1\/tasks.*unevaluated properties/],
  },
  "the expiry of a token": {
    edits: [["CLOCK_LEEWAY_SECONDS = 30;", "CLOCK_LEEWAY_SECONDS = 1e10;"]],
    found: [/instead of 401/],
  },
  "the comparison of two credentials": {
    edits: [["isSameViewer(viewer, other))", "true)"]],
    found: [/instead of 401/],
  },
};

const builtFiles = readdirSync("dist", { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".js"));

function replaceIn(dist: string, code: string, replacement: string): void {
  const files = builtFiles.filter((file) => readFileSync(join(dist, file), "utf8").includes(code));
  expect(files, `the files that contain ${code}`).toHaveLength(1);
  for (const file of files) {
    const path = join(dist, file);
    writeFileSync(path, readFileSync(path, "utf8").replace(code, replacement));
  }
}

test.each(Object.entries(SAFEGUARDS))(
  "the fuzzer fails if %s is removed",
  async (safeguard, { edits, found, kinds = "1" }) => {
    const dir = `.artifacts/fuzz-without-${safeguard.replaceAll(/\W/g, "-")}`;
    rmSync(dir, { recursive: true, force: true });
    mkdirSync(dir, { recursive: true });
    cpSync("dist", `${dir}/dist`, { recursive: true });
    symlinkSync("../../drizzle", `${dir}/drizzle`);
    for (const name of ["package.json", "openapi.json"]) cpSync(name, `${dir}/${name}`);
    for (const [code, replacement] of edits) replaceIn(`${dir}/dist`, code, replacement);

    const program = `${dir}/dist/main.js`;
    const options = ["--seed", "20260", "--count", "5000", "--concurrency", "64", "--failures", kinds];
    running = startProgram("tools/fuzz/run.mjs", {}, [...options, "--program", program]);
    const { code, stdout, stderr } = await running.ended;
    rmSync(dir, { recursive: true, force: true });
    for (const failure of found) expect(stdout, stderr).toMatch(failure);
    expect(code).toBe(1);
  },
  120_000,
);
