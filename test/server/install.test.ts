import { execFile } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { killPrograms, requireBuild, runProgram, startProgram } from "../support/program.ts";
import { createTestDatabase, type TestDatabase } from "../support/test-database.ts";
import { copyUnpatchedDriver } from "../support/unpatched-driver.ts";

// The directory is as after `npm ci --ignore-scripts`: no install script has patched the driver.

mkdirSync(".artifacts", { recursive: true });
const work = mkdtempSync(join(".artifacts", "install-"));
let database: TestDatabase;

beforeAll(async () => {
  requireBuild();
  database = await createTestDatabase();
  mkdirSync(join(work, "node_modules"));
  for (const name of readdirSync("node_modules")) {
    if (name !== "postgres") symlinkSync(resolve("node_modules", name), join(work, "node_modules", name));
  }
  copyUnpatchedDriver(join(work, "node_modules/postgres"));
  for (const name of [
    "dist",
    "drizzle",
    "openapi.json",
    "package.json",
    "package-lock.json",
    "patches",
    "schema.graphql",
  ]) {
    cpSync(name, join(work, name), { recursive: true });
  }
  mkdirSync(join(work, "tools"));
  cpSync("tools/build.mjs", join(work, "tools/build.mjs"));
});
afterEach(killPrograms);
afterAll(async () => {
  rmSync(work, { recursive: true, force: true });
  await database.close();
});

const npm = (...args: string[]) =>
  promisify(execFile)("npm", args, { cwd: work, env: { ...process.env, NODE_ENV: "" } });

async function expectToServe(): Promise<void> {
  const program = startProgram(join(work, "dist/main.js"), { DATABASE_URL: database.url, PORT: "0" });
  expect((await fetch(`${await program.listening()}/readyz`)).status).toBe(200);
  expect((await program.stop()).code).toBe(0);
}

test("an unpatched driver stops the start with a message that names a sufficient command", async () => {
  const { code, stderr } = await runProgram(join(work, "dist/main.js"), { DATABASE_URL: database.url, PORT: "0" });
  expect([code, stderr]).toEqual([1, expect.stringMatching(/^The postgres driver lacks the patches .*\n$/)]);
  expect(stderr).toContain("`npx patch-package`");
  await npm("exec", "--no", "patch-package");
  await expectToServe();
});

test("the build patches the driver when the installation did not", async () => {
  rmSync(join(work, "node_modules/postgres"), { recursive: true });
  copyUnpatchedDriver(join(work, "node_modules/postgres"));
  rmSync(join(work, "node_modules/typescript"));
  expect(await runProgram(join(work, "tools/build.mjs"))).toEqual({ code: 0, stdout: "", stderr: "" });
  await expectToServe();
});

test("the build stops when a patch does not fit the installed version, and names the command that installs it again", async () => {
  const connection = join(work, "node_modules/postgres/src/connection.js");
  const patched = readFileSync(connection, "utf8");
  writeFileSync(connection, patched.replace("new Result()\n    rows = 0", "new Result()\n    rows = 1"));
  const { code, stderr } = await runProgram(join(work, "tools/build.mjs"));
  expect([code, stderr]).toEqual([1, expect.stringContaining("patches/postgres+3.4.9.patch")]);
  expect(stderr).toMatch(/install the packages again: npm ci\n$/);
  writeFileSync(connection, patched);
});

test("without the devDependencies the existing build is used, and a message names what is missing if there is none", async () => {
  expect((await npm("run", "--silent", "keys", "--", "--help")).stdout).toMatch(/^Usage:/);
  rmSync(join(work, "dist"), { recursive: true });
  const { code, stderr } = await runProgram(join(work, "tools/build.mjs"));
  expect([code, stderr]).toEqual([1, expect.stringContaining("npm ci --include=dev")]);
});
