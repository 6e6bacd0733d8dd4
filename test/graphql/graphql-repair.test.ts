import { setImmediate } from "node:timers/promises";
import { buildSchema, execute, GraphQLError, parse } from "graphql";
import { afterEach, beforeEach, expect, test } from "vitest";

const schema = buildSchema("type Query { rows: [Row!]! may: [Row]! } type Row { must: Int! slow: Int! }");
const failure = new Error("broken");
const fast = { must: failure, slow: 1 };
const slow = { must: 1, slow: async () => Promise.reject(failure) };
const slowAndFast = { must: failure, slow: async () => Promise.reject(failure) };

const unhandled: unknown[] = [];
const note = (reason: unknown) => unhandled.push(reason);
beforeEach(() => {
  process.on("unhandledRejection", note);
});
afterEach(() => {
  process.off("unhandledRejection", note);
});

test.each([
  ["rows", [slow, fast]],
  ["rows", [slowAndFast, slow, fast, slow]],
  ["rows", [{ must: 1, slow: Promise.resolve(1) }, fast, slow]],
  ["rows", [Promise.resolve(fast), slow, fast]],
  ["may", [slow, fast, slowAndFast]],
])("a list %s in which several items fail leaves no rejection unhandled", async (list, rows) => {
  const document = parse(`{ ${list} { slow must } }`);
  const { data, errors } = await execute({ schema, document, rootValue: { [list]: rows } });
  await setImmediate();
  await setImmediate();
  expect(unhandled).toEqual([]);
  expect(errors?.every((error) => error instanceof GraphQLError)).toBe(true);
  expect(data).toEqual(list === "rows" ? null : { may: rows.map(() => null) });
});
