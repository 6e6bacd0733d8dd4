import { Writable } from "node:stream";
import { expect, test } from "vitest";
import { reasonOf } from "../src/db/error-reason.ts";
import { Failure } from "../src/errors.ts";
import { createLog, createLogOutput } from "../src/log.ts";

const SECRET = "canary@private.example";

function logged(thrown: unknown): { line: string; err: Record<string, unknown> } {
  let line = "";
  const log = createLog(
    "info",
    new Writable({
      write(chunk, _encoding, done) {
        line += String(chunk);
        done();
      },
    }),
  );
  log.error({ err: thrown }, "unexpected error");
  return { line, err: JSON.parse(line).err };
}

function withCode(code: unknown): Error {
  return Object.assign(new Error(SECRET), { code });
}

class PostgresError extends Error {}

test("an error is logged with its class, code and stack frames, but without its message", () => {
  const { line, err } = logged(Object.assign(new PostgresError(`Key (email)=(${SECRET}) exists`), { code: "23505" }));
  expect(err).toEqual({
    type: "PostgresError",
    code: "23505",
    at: expect.stringMatching(/^ +at .*log\.test\.ts:\d+:\d+/),
  });
  expect(line).not.toContain(SECRET);
});

test("lines of a message that look like stack frames are not logged", () => {
  const { line } = logged(new Error(`\n    at ${SECRET} (file:///a.js:1:1)\n    at ${SECRET}:1:1`));
  expect(line).not.toContain(SECRET);
});

test("a message that was changed after the stack was captured is not logged", () => {
  const error = new Error(`first ${SECRET}`);
  error.message = "second";
  expect(logged(error).line).not.toContain(SECRET);
});

test.each([
  ["an email address", SECRET],
  ["a key", "tj_abcdefghijklmnopqrstuvwxyz0123456789"],
  ["a number", 42],
  ["a long word", "A".repeat(41)],
])("%s in the code of an error is not logged", (_what, code) => {
  expect(logged(withCode(code)).err.code).toBeUndefined();
});

test.each([
  ["text", SECRET, "string"],
  ["null", null, "null"],
  ["an object", { message: SECRET, stack: SECRET }, "object"],
  ["a function", () => SECRET, "function"],
])("%s that was thrown is logged only with its type", (_what, thrown, type) => {
  expect(logged(thrown).err).toEqual({ type });
});

test("causes and the errors of an AggregateError are logged in the same form", () => {
  const errors = [withCode("ECONNREFUSED"), withCode("ETIMEDOUT"), SECRET, withCode("EPIPE")];
  const { line, err } = logged(new Error(SECRET, { cause: new AggregateError(errors, SECRET) }));
  expect(err).toMatchObject({
    type: "Error",
    cause: { type: "AggregateError", errors: [{ code: "ECONNREFUSED" }, { code: "ETIMEDOUT" }, { type: "string" }] },
  });
  expect(line).not.toContain(SECRET);
});

test("a log line stays below 4 KB for deep, wide, long and circular errors", () => {
  const circular = new Error(SECRET);
  circular.cause = circular;
  const deep = Array.from({ length: 50 }).reduce<Error>(
    (cause) => new Error(SECRET.repeat(10_000), { cause }),
    circular,
  );
  const wide = new AggregateError(Array.from({ length: 50 }, () => new AggregateError([deep, deep, deep], SECRET)));
  for (const error of [circular, deep, wide, recursive(200)]) {
    const { line } = logged(error);
    expect(Buffer.byteLength(line)).toBeLessThan(4096);
    expect(line).not.toContain(SECRET);
  }
});

function recursive(depth: number): Error {
  return depth === 0 ? new Error(SECRET) : recursive(depth - 1);
}

test("the reason of a failed dependency is the innermost code or class with a fixed text or with host and port", () => {
  expect(reasonOf(new Failure("UNAVAILABLE", { cause: withCode("ECONNREFUSED") }))).toBe("ECONNREFUSED");
  expect(reasonOf(new Failure("TIMEOUT", { cause: new Error("a", { cause: withCode("57014") }) }))).toBe(
    "57014 a statement took too long",
  );
  expect(reasonOf(new Failure("UNAVAILABLE", { cause: withCode("53100") }))).toBe(
    "53100 the disk of the database is full",
  );
  expect(reasonOf(new Failure("UNAVAILABLE", { cause: new PostgresError(SECRET) }))).toBe("PostgresError");
  expect(reasonOf(new Failure("TIMEOUT"))).toBe("Failure");
  const refused = Object.assign(withCode("ECONNREFUSED"), { address: "::1", port: 5432 });
  expect(reasonOf(new AggregateError([refused, refused]))).toBe("ECONNREFUSED [::1]:5432");
  expect(reasonOf(Object.assign(withCode("ENOTFOUND"), { hostname: SECRET }))).toBe("ENOTFOUND");
});

/** Creates a stream whose reader can stall. */
function pipe() {
  const state = { isStalled: false, text: "", resume: () => {} };
  const stream = new Writable({
    decodeStrings: false,
    write(chunk, _encoding, done) {
      const end = () => {
        state.text += chunk;
        done();
      };
      if (state.isStalled) state.resume = end;
      else end();
    },
  });
  return { state, stream };
}

test("log lines beyond the memory limit for a stalled reader are dropped and reported when it reads again", async () => {
  const { state, stream } = pipe();
  const output = createLogOutput(stream as unknown as NodeJS.WriteStream);
  state.isStalled = true;
  const line = `${"x".repeat(999)}\n`;
  for (let written = 0; written < 3000; written++) output.write(line);
  expect(output.dropped()).toBe(3000 - 1001);
  state.isStalled = false;
  state.resume();
  await output.flush();
  await new Promise(setImmediate);
  expect(state.text.split("\n").filter((text) => text === line.trim())).toHaveLength(1001);
  expect(state.text).toMatch(/"dropped":1999,"msg":"log lines were dropped"\}\n$/);
});
