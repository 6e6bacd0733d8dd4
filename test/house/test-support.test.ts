import { readdirSync, readFileSync } from "node:fs";
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
