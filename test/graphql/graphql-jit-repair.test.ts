import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { buildSchema, parse } from "graphql";
import { afterAll, expect, test } from "vitest";
import { copyUnrepairedGraphqlJit } from "../support/unrepaired.ts";

// docs/decisions/graphql-jit-repair.md

mkdirSync(".artifacts", { recursive: true });
const work = mkdtempSync(join(".artifacts", "graphql-jit-"));
afterAll(() => rmSync(work, { recursive: true, force: true }));
copyUnrepairedGraphqlJit(join(work, "graphql-jit"));

const require = createRequire(import.meta.url);
const repaired: typeof import("graphql-jit") = require("graphql-jit");
const unrepaired: typeof import("graphql-jit") = require(resolve(work, "graphql-jit"));

const schema = buildSchema("type Query { rows: [Row] } type Row { must: Int! may: Int }");
const document = parse("{ rows { must may } }");

function compiledBy({ compileQuery, isCompiledQuery }: typeof repaired) {
  const compiled = compileQuery(schema, document, undefined, { debug: true } as object);
  if (!isCompiledQuery(compiled)) throw new Error("not compiled");
  const { __DO_NOT_USE_THIS_OR_YOU_WILL_BE_FIRED_compilation: code } = compiled as never;
  return { query: compiled.query, code: String(code) };
}

test.each([
  ["values", { must: 1, may: 2 }],
  ["null", { must: 1, may: null }],
  ["nothing", { must: 1 }],
  ["null that may not be", { must: null, may: 2 }],
  ["an error", { must: 1, may: new Error("broken") }],
  ["an error where there must be a value", { must: new Error("broken"), may: 2 }],
  ["what is no number", { must: 1, may: "much" }],
  ["what is no number where there must be one", { must: {}, may: 2 }],
  ["falsy values", { must: 0, may: false }],
])("a row with %s is answered as by the package as it comes, to the errors' places", async (_, row) => {
  const answers = [repaired, unrepaired].map(async (library) => {
    const { data, errors } = await compiledBy(library).query({ rows: [{ must: 1 }, row] }, {}, {});
    return JSON.stringify({ data, errors });
  });
  const [ours, theirs] = await Promise.all(answers);
  expect(ours).toBe(theirs);
});

test("no field's place is made before its value was looked at", () => {
  const checks = (library: typeof repaired) =>
    compiledBy(library).code.match(/.*\.check(NonNull|Nullable)Leaf\(/g) ?? [];
  const looksFirst = /(\S+) != null && !\(\1 instanceof Error\) \? .* : \S+\.check/;
  expect(checks(repaired).map((check) => looksFirst.test(check))).toEqual([true, true]);
  expect(checks(unrepaired).map((check) => looksFirst.test(check))).toEqual([false, false]);
});
