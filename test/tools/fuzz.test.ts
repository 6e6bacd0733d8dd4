import { cpSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { afterEach, expect, test } from "vitest";
import { startProgram } from "../support/program.ts";

const FUZZ = "tools/fuzz/run.mjs";
const SEED = "20260";

let running: ReturnType<typeof startProgram> | undefined;
afterEach(async () => {
  await running?.stop();
});

function fuzz(...args: string[]) {
  running = startProgram(FUZZ, {}, ["--seed", SEED, ...args]);
  return running.ended;
}

test("20,000 conversations: no 5xx, no leak, no wrong accept, nothing left hanging, a log that tells nothing", async () => {
  const { code, stdout, stderr } = await fuzz("--count", "20000");
  expect(stdout, stderr).toContain("20,000 conversations");
  expect(stdout).toContain("failures 0");
  expect(stdout).not.toContain("FAILED");
  expect(code).toBe(0);
}, 240_000);

interface Defence {
  readonly edits: readonly (readonly [file: string, code: string, without: string])[];
  readonly found: RegExp;
  /** How many kinds of failure to look for, where the first may be another. */
  readonly kinds?: string;
}

/** Of the built program: what stands in its place, and the failure that tells. */
const DEFENCES: Readonly<Record<string, Defence>> = {
  "the owner's predicate": {
    edits: [["task-jobs/task-job.queries.js", "or tasks.user_id =", "or true or tasks.user_id ="]],
    found: /200 instead of 404|data instead of NOT_FOUND/,
  },
  "the owner's predicate of a search and an export": {
    edits: [["task-jobs/job-search.queries.js", "or tasks.user_id =", "or true or tasks.user_id ="]],
    found: /200 for a task that may not be read|foreign: |data instead of NOT_FOUND/,
  },
  "the end of an export": {
    edits: [
      ["task-jobs/job-export.queries.js", "yield rows.map(exportedJobOf)", "yield rows.slice(1).map(exportedJobOf)"],
    ],
    found: /exported rows instead of/,
  },
  "the bound of a page": {
    edits: [["page.js", "MAX_LIMIT = 100", "MAX_LIMIT = 1000"]],
    found: /instead of 400|data instead of/,
  },
  "the mask of an error": {
    edits: [
      ["uuid.js", "UUID.test(text)", "true"],
      [
        "graphql/format-error.js",
        'Failure("INTERNAL")',
        'Failure("INTERNAL", { message: error.originalError?.stack })',
      ],
    ],
    found: /leak: /,
    kinds: "3",
  },
  "the end of a token": {
    edits: [["auth/jwt.js", "CLOCK_LEEWAY_SECONDS = 30", "CLOCK_LEEWAY_SECONDS = 1e10"]],
    found: /instead of 401/,
  },
  "the look at both credentials": {
    edits: [["auth/authenticate.js", "isSameViewer(viewer, other)", "true"]],
    found: /instead of 401/,
  },
};

test.each(Object.entries(DEFENCES))(
  "finds out when %s is gone",
  async (defence, { edits, found, kinds = "1" }) => {
    const dir = `.artifacts/fuzz-without-${defence.replaceAll(/\W/g, "-")}`;
    rmSync(dir, { recursive: true, force: true });
    mkdirSync(dir, { recursive: true });
    cpSync("dist", `${dir}/dist`, { recursive: true });
    symlinkSync("../../drizzle", `${dir}/drizzle`);
    for (const [file, code, without] of edits) {
      const before = readFileSync(`${dir}/dist/${file}`, "utf8");
      expect(before).toContain(code);
      writeFileSync(`${dir}/dist/${file}`, before.replace(code, without));
    }

    const { code, stdout } = await fuzz("--count", "5000", "--failures", kinds, "--program", `${dir}/dist/main.js`);
    rmSync(dir, { recursive: true, force: true });
    expect(stdout).toMatch(found);
    expect(code).toBe(1);
  },
  120_000,
);
