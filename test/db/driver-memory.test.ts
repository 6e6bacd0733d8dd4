import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, expect, test } from "vitest";
import { collectGarbage } from "../support/collect-garbage.ts";
import { watchFreedObjects } from "../support/freed-objects.ts";
import { sharedTestDatabase } from "../support/test-database.ts";
import { copyUnpatchedDriver } from "../support/unpatched-driver.ts";

// The tests compare the driver with and without patches/postgres+3.4.9.patch (docs/decisions/driver-repairs.md).

const PATCHED = "node_modules/postgres";
const database = await sharedTestDatabase();
mkdirSync(".artifacts", { recursive: true });
const work = mkdtempSync(join(".artifacts", "driver-memory-"));
afterAll(() => rmSync(work, { recursive: true, force: true }));

/** The folder of a copy of the driver that lacks only the change whose new lines contain `correction`. */
function copyWithout(correction: string): string {
  const copy = mkdtempSync(join(work, "postgres-"));
  copyUnpatchedDriver(copy, correction);
  return copy;
}

async function importFrom(folder: string, file: string) {
  return (await import(pathToFileURL(join(folder, file)).href)).default;
}

/** The longest list in which a queue of the driver keeps two connections, while 1,000 queries each take and return one. */
async function longestListOfTwo(folder: string): Promise<number> {
  let longest = 0;
  class Connections extends Array<object> {
    override push(...items: object[]): number {
      longest = Math.max(longest, super.push(...items));
      return this.length;
    }
  }
  const Queue = await importFrom(folder, "src/queue.js");
  // The queue copies the list, and the copy is of the same class.
  const queue = Queue(Connections.from([{}, {}]));
  for (let queries = 0; queries < 1000; queries++) queue.push(queue.shift());
  return longest;
}

/** The number of statements whose text is still in memory, of ten that failed. */
async function countKeptStatements(folder: string): Promise<number> {
  const postgres = await importFrom(folder, "src/index.js");
  const sql = postgres(database.url, { max: 1, fetch_types: false });
  const texts: WeakRef<object>[] = [];
  for (let round = 0; round < 10; round++) {
    const failing = sql.unsafe(`select 1 / 0 as round_${round}`);
    texts.push(new WeakRef(failing.strings));
    await expect(failing).rejects.toThrow("division by zero");
  }
  await sql.end();
  collectGarbage();
  return texts.filter((text) => text.deref() !== undefined).length;
}

/** The number of results that a minor garbage collection does not free, of 100 whose queries have ended. */
async function countKeptResults(folder: string): Promise<number> {
  const postgres = await importFrom(folder, "src/index.js");
  const sql = postgres(database.url, { max: 1, fetch_types: false });
  const results = watchFreedObjects();
  for (let query = 0; query < 100; query++) results.watch(await sql.unsafe("select 1").values());
  const kept = await results.countAlive();
  await sql.end();
  return kept;
}

test("a pool whose connections are never all busy keeps no trace of past queries", async () => {
  expect(await longestListOfTwo(PATCHED)).toBe(2);
});

test("a pool keeps a trace of every query if its queues do not remove what leaves them", async () => {
  expect(await longestListOfTwo(copyWithout("shift: () => xs.shift()"))).toBeGreaterThan(1000);
});

test("the text of a statement that failed is freed", async () => {
  // The last statement may still be referenced by the stack.
  expect(await countKeptStatements(PATCHED)).toBeLessThan(2);
});

test("the text of every statement that failed stays in memory if the driver keeps its call site by a strong reference", async () => {
  expect(await countKeptStatements(copyWithout("originStackCache = new WeakMap()"))).toBe(10);
});

test("a minor garbage collection frees the results of past queries", async () => {
  // The driver may still refer to the last one.
  expect(await countKeptResults(PATCHED)).toBeLessThan(5);
});

test("results stay until a major garbage collection if the driver assigns a function to a property of each query", async () => {
  expect(await countKeptResults(copyWithout("const settle = fn"))).toBe(100);
});
