import { execFile } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { killPrograms, requireBuild, runProgram, startProgram } from "../support/program.ts";
import { createTestDatabase, type TestDatabase } from "../support/test-database.ts";
import { copyUnrepairedDriver } from "../support/unrepaired.ts";

// As after `npm ci --ignore-scripts`: nobody has repaired the driver.

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
  copyUnrepairedDriver(join(work, "node_modules/postgres"));
  for (const name of ["dist", "drizzle", "package.json", "schema.graphql", "tools/repairs"]) {
    cpSync(name, join(work, name), { recursive: true });
  }
});
afterEach(killPrograms);
afterAll(async () => {
  rmSync(work, { recursive: true, force: true });
  await database.close();
});

test("a driver that nobody repaired stops the start with what to do, and that is enough", async () => {
  const main = join(work, "dist/main.js");
  const environment = { DATABASE_URL: database.url, PORT: "0" };
  const { code, stderr } = await runProgram(main, environment);
  expect([code, stderr]).toEqual([1, expect.stringMatching(/^The postgres driver is not repaired.*\n$/)]);

  const [, advised] = /`node (\S+)`/.exec(stderr) ?? [];
  expect(await runProgram(join(work, advised ?? ""))).toMatchObject({ code: 0, stderr: "" });
  const program = startProgram(main, environment);
  expect((await fetch(`${await program.listening()}/readyz`)).status).toBe(200);
  expect((await program.stop()).code).toBe(0);
});

test("the build repairs the driver, also where the installation did not", async () => {
  rmSync(join(work, "node_modules/postgres"), { recursive: true });
  copyUnrepairedDriver(join(work, "node_modules/postgres"));
  cpSync("tools/build.mjs", join(work, "tools/build.mjs"));
  rmSync(join(work, "node_modules/typescript"));
  expect(await runProgram(join(work, "tools/build.mjs"))).toEqual({ code: 0, stdout: "", stderr: "" });
  const program = startProgram(join(work, "dist/main.js"), { DATABASE_URL: database.url, PORT: "0" });
  await program.listening();
  expect((await program.stop()).code).toBe(0);
});

test("without the devDependencies the existing build is used, and a message names what is missing if there is none", async () => {
  const npm = (...args: string[]) =>
    promisify(execFile)("npm", args, { cwd: work, env: { ...process.env, NODE_ENV: "" } });
  expect((await npm("run", "--silent", "keys", "--", "--help")).stdout).toMatch(/^Usage:/);
  rmSync(join(work, "dist"), { recursive: true });
  const { code, stderr } = await runProgram(join(work, "tools/build.mjs"));
  expect([code, stderr]).toEqual([1, expect.stringContaining("npm ci --include=dev")]);
});
