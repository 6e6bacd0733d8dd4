import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import postgres from "postgres";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openTcpProxy } from "../support/tcp-proxy.ts";
import { createTestDatabase, type TestDatabase } from "../support/test-database.ts";
import { copyUnpatchedDriver } from "../support/unpatched-driver.ts";

// The faults of postgres.js 3.4.9 that patches/postgres+3.4.9.patch corrects (docs/decisions/driver-repairs.md).

let database: TestDatabase;
mkdirSync(".artifacts", { recursive: true });
const work = mkdtempSync(join(".artifacts", "driver-"));

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(async () => {
  rmSync(work, { recursive: true, force: true });
  await database.close();
});

/** A copy of the driver that lacks only the change whose new lines contain `correction`. */
async function driverWithout(correction: string): Promise<typeof postgres> {
  const copy = mkdtempSync(join(work, "postgres-"));
  copyUnpatchedDriver(copy, correction);
  return (await import(pathToFileURL(join(copy, "src/index.js")).href)).default;
}

/** Counts the queries that received rows of another query after a query pipelined before them was cancelled. */
async function countForeignRowsAfterCancel(driver: typeof postgres, rounds: number): Promise<number> {
  const sql = driver(database.url, { max: 1, fetch_types: false, onnotice: () => {} });
  // The driver can reserve a connection only if the pool has one.
  await Promise.all([sql`select 1`, database.sql`select 1`]);
  const holder = await database.sql.reserve();
  let foreign = 0;
  for (let round = 0; round < rounds; round++) {
    // The first query runs until the lock is released, so that the next one is cancelled before it begins.
    await holder`select pg_advisory_lock(1)`;
    const first = sql`select pg_advisory_xact_lock(1), ${`first ${round}`}::text as mark`.catch(() => null);
    const cancelled = sql`select ${`cancelled ${round}`}::text as mark`;
    const outcome = cancelled.then(
      () => {},
      () => {},
    );
    const others = Array.from({ length: 5 }, (_, i) => ({
      mark: `${round} ${i}`,
      answer: sql`select ${`${round} ${i}`}::text as mark`.catch(() => null),
    }));
    await new Promise((resolve) => setTimeout(resolve, 1));
    cancelled.cancel();
    await holder`select pg_advisory_unlock(1)`;
    for (const { mark, answer } of others) {
      const rows = await Promise.race([answer, new Promise<null>((r) => setTimeout(r, 500, null))]);
      if (rows !== null && rows[0]?.mark !== mark) foreign += 1;
    }
    await Promise.race([Promise.all([first, outcome]), new Promise((r) => setTimeout(r, 500))]);
  }
  holder.release();
  await sql.end({ timeout: 1 });
  return foreign;
}

/** Counts the rows of a query that has 3 rows and follows a query that failed in the middle of its result. */
async function countRowsAfterMidStreamError(driver: typeof postgres): Promise<number> {
  const sql = driver(database.url, { max: 1, fetch_types: false, onnotice: () => {} });
  await sql`select 1 / (500 - n) from generate_series(1, 1000) n`.catch(() => {});
  const rows = await sql`select n from generate_series(1, 3) n`;
  await sql.end({ timeout: 1 });
  return rows.length;
}

/** Returns what the server received for `true` when the driver had to prepare the statement again. */
async function readParameterOfRevalidatedStatement(driver: typeof postgres): Promise<unknown> {
  const sql = driver(database.url, { max: 1, fetch_types: false, onnotice: () => {} });
  await sql`create temporary table changing (a int)`;
  await sql`insert into changing values (1)`;
  const read = () => sql`select changing.*, ${true}::boolean as given from changing`;
  await read();
  await sql`alter table changing alter column a type text`;
  const [row] = await read();
  await sql.end({ timeout: 1 });
  return row?.given;
}

/** Counts the queries sent around or after the end of their connection that are neither answered nor failed in this time. */
async function countLostQueries(driver: typeof postgres, ms = 500): Promise<number> {
  const { hostname, port } = new URL(database.url);
  const proxy = await openTcpProxy({ host: hostname, port: Number(port) });
  const url = database.url.replace(`:${port}/`, `:${proxy.port}/`);
  let lost = 0;
  // A socket emits its error and its close in different phases of the event loop, so try a query in each of them.
  for (let phases = 0; phases < 6; phases++) {
    const sql = driver(url, { max: 1, fetch_types: false, connect_timeout: 1, backoff: () => 0 });
    await sql`select 1`;
    proxy.become("refuse");
    proxy.become("forward");
    for (let phase = 0; phase < phases; phase++) await new Promise(setImmediate);
    for (const query of [sql`select 2`, sql`select 3`]) {
      const settled = query.then(
        () => 0,
        () => 0,
      );
      lost += await Promise.race([settled, new Promise<number>((resolve) => setTimeout(resolve, ms, 1))]);
    }
    await sql.end({ timeout: 0 });
  }
  await proxy.close();
  return lost;
}

/** How long `end` takes after a backend died under a running statement. */
async function msToEndAfterKill(driver: typeof postgres): Promise<number> {
  const sql = driver(database.url, { max: 1, fetch_types: false, onnotice: () => {} });
  const [row] = await sql`select pg_backend_pid() as pid`;
  const running = sql`select pg_sleep(10)`.catch(() => {});
  await database.sql`select pg_terminate_backend(${row?.pid}, 5000)`;
  await running;
  const startedAt = performance.now();
  await sql.end({ timeout: 2 });
  return performance.now() - startedAt;
}

describe("the patched driver", () => {
  test("each query gets its own rows after a query pipelined before it was cancelled", async () => {
    expect(await countForeignRowsAfterCancel(postgres, 30)).toBe(0);
  });

  test("the query after an error in the middle of a result gets all of its own rows", async () => {
    expect(await countRowsAfterMidStreamError(postgres)).toBe(3);
  });

  test("a query that is sent while its connection ends is answered or fails", async () => {
    expect(await countLostQueries(postgres, 10_000)).toBe(0);
  });

  test("a statement that is prepared again is sent with the same parameters", async () => {
    expect(await readParameterOfRevalidatedStatement(postgres)).toBe(true);
  });

  test("a pool whose backend died under a statement ends at once", async () => {
    expect(await msToEndAfterKill(postgres)).toBeLessThan(1900);
  });
});

describe("the driver without one of its corrections", () => {
  test("queries get the rows of other queries if a cancelled query is removed from the queue", async () => {
    // The first round only prepares the statements.
    expect(await countForeignRowsAfterCancel(await driverWithout("if (sent.length) {"), 2)).toBeGreaterThan(0);
  });

  test("the next result starts with missing rows if the row counter is not reset", async () => {
    expect(await countRowsAfterMidStreamError(await driverWithout("rows = 0"))).toBeGreaterThan(3);
  });

  test("queries are lost if the write buffer outlives its connection", async () => {
    expect(await countLostQueries(await driverWithout("chunk = nextWriteTimer = null"))).toBeGreaterThan(0);
  });

  test("queries are lost if only a close without an error fails them", async () => {
    expect(await countLostQueries(await driverWithout("if (query || sent.length) error("))).toBeGreaterThan(0);
  });

  test("true becomes false, and an admin an ordinary user, if encoded parameters are stored", async () => {
    expect(await readParameterOfRevalidatedStatement(await driverWithout("x = type in options"))).toBe(false);
  });

  test("the end of a pool waits for a statement that has already failed if the connection keeps it", async () => {
    expect(await msToEndAfterKill(await driverWithout("    query = null\n"))).toBeGreaterThan(1900);
  });
});
