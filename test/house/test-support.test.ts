import { existsSync, readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";

/** A hook that a module registers when it is loaded, instead of in a function that each test file calls. */
const HOOK = /^(before|after)(All|Each)\(/m;

test("no file of test/support registers a hook when it is loaded, which happens once for all test files of a process", () => {
  const files = readdirSync("test/support").filter((file) => file.endsWith(".ts"));
  expect(files.filter((file) => HOOK.test(readFileSync(`test/support/${file}`, "utf8")))).toEqual([]);
});

test("a hook that is registered when a file is loaded is found", () => {
  expect("const a = 1;\nafterEach(stop);\n").toMatch(HOOK);
  expect("export function share() {\n  afterEach(stop);\n}\n").not.toMatch(HOOK);
});

/** The test files that the configuration of Vitest names, with `{a,b}` expanded. */
function namedFiles(config: string): string[] {
  const patterns = [...config.matchAll(/"(test\/[\w./{},-]+\.test\.ts)"/g)].map(([, pattern = ""]) => pattern);
  return patterns.flatMap((pattern) => {
    const [, before, names, after] = /^(.*)\{(.*)\}(.*)$/.exec(pattern) ?? ["", pattern, "", ""];
    return (names ?? "").split(",").map((name) => `${before}${name}${after}`);
  });
}

test("every test file that vitest.config.ts names exists, so that a renamed file stays in its list", () => {
  const files = namedFiles(readFileSync("vitest.config.ts", "utf8"));
  expect(files.length).toBeGreaterThan(30);
  expect(files.filter((file) => !existsSync(file))).toEqual([]);
});

test("the names in braces are expanded", () => {
  expect(namedFiles('["test/a/{b,c-d}.test.ts", "test/e.test.ts", "test/f/*.test.ts"]')).toEqual([
    "test/a/b.test.ts",
    "test/a/c-d.test.ts",
    "test/e.test.ts",
  ]);
});
