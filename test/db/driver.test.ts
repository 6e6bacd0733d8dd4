import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import postgres from "postgres";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openTcpProxy } from "../support/tcp-proxy.ts";
import { createTestDatabase, type TestDatabase } from "../support/test-database.ts";
import { copyUnrepairedDriver } from "../support/unrepaired.ts";

// The faults of postgres.js 3.4.9 that tools/repairs/postgres.mjs mends (docs/decisions/driver-repairs.md).

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

async function unrepairedDriver(): Promise<typeof postgres> {
  const copy = join(work, "postgres");
  copyUnrepairedDriver(copy);
  return (await import(pathToFileURL(join(copy, "src/index.js")).href)).default;
}

/** How many of the bystanders of cancelled, pipelined queries got an answer that is not theirs. */
async function foreignAnswersAfterCancels(driver: typeof postgres, rounds: number): Promise<number> {
  const sql = driver(database.url, { max: 1, fetch_types: false, onnotice: () => {} });
  let foreign = 0;
  for (let round = 0; round < rounds; round++) {
    const first = sql`select pg_sleep(0.005), ${`first ${round}`}::text as mark`.catch(() => null);
    const cancelled = sql`select ${`cancelled ${round}`}::text as mark`;
    const outcome = cancelled.then(
      () => {},
      () => {},
    );
    const bystanders = Array.from({ length: 5 }, (_, i) => ({
      mark: `${round} ${i}`,
      answer: sql`select ${`${round} ${i}`}::text as mark`,
    }));
    setTimeout(() => cancelled.cancel(), 1);
    for (const { mark, answer } of bystanders) {
      const rows = await Promise.race([answer.catch(() => null), new Promise<null>((r) => setTimeout(r, 500, null))]);
      if (rows !== null && rows[0]?.mark !== mark) foreign += 1;
    }
    await Promise.race([Promise.all([first, outcome]), new Promise((r) => setTimeout(r, 500))]);
  }
  await sql.end({ timeout: 1 });
  return foreign;
}

/** How many rows the next query of a connection gives after one that failed in the middle of its rows; it has 3. */
async function rowsAfterMidStreamError(driver: typeof postgres): Promise<number> {
  const sql = driver(database.url, { max: 1, fetch_types: false, onnotice: () => {} });
  await sql`select 1 / (500 - n) from generate_series(1, 1000) n`.catch(() => {});
  const rows = await sql`select n from generate_series(1, 3) n`;
  await sql.end({ timeout: 1 });
  return rows.length;
}

/** What a statement is asked with when the driver has to prepare it anew, since its columns have changed. */
async function parameterOfRevalidatedStatement(driver: typeof postgres): Promise<unknown> {
  const sql = driver(database.url, { max: 1, fetch_types: false, onnotice: () => {} });
  await sql`create temporary table changing (a int)`;
  await sql`insert into changing values (1)`;
  const ask = () => sql`select changing.*, ${true}::boolean as given from changing`;
  await ask();
  await sql`alter table changing alter column a type text`;
  const [row] = await ask();
  await sql.end({ timeout: 1 });
  return row?.given;
}

/** How many of the queries that are asked around the end of their connection, or after it, are never heard of again. */
async function lostAroundTheEndOfAConnection(driver: typeof postgres): Promise<number> {
  const { hostname, port } = new URL(database.url);
  const proxy = await openTcpProxy({ host: hostname, port: Number(port) });
  const url = database.url.replace(`:${port}/`, `:${proxy.port}/`);
  let lost = 0;
  for (let turns = 0; turns < 6; turns++) {
    const sql = driver(url, { max: 1, fetch_types: false, connect_timeout: 1, backoff: () => 0 });
    await sql`select 1`;
    proxy.become("refuse");
    proxy.become("forward");
    // The error and the close of a socket come in different phases of the event loop.
    for (let turn = 0; turn < turns; turn++) await new Promise(setImmediate);
    for (const query of [sql`select 2`, sql`select 3`]) {
      const settled = query.then(
        () => 0,
        () => 0,
      );
      lost += await Promise.race([settled, new Promise<number>((resolve) => setTimeout(resolve, 500, 1))]);
    }
    await sql.end({ timeout: 0 });
  }
  await proxy.close();
  return lost;
}

describe("the driver as it is installed", () => {
  test("gives every bystander of a cancelled query its own rows", async () => {
    expect(await foreignAnswersAfterCancels(postgres, 30)).toBe(0);
  });

  test("gives the query after a mid-stream error its own rows and no holes", async () => {
    expect(await rowsAfterMidStreamError(postgres)).toBe(3);
  });

  test("answers or fails what is asked while its connection ends", async () => {
    expect(await lostAroundTheEndOfAConnection(postgres)).toBe(0);
  });

  test("asks a statement that it has to prepare anew with the same parameters", async () => {
    expect(await parameterOfRevalidatedStatement(postgres)).toBe(true);
  });
});

describe("the checks can fail: the driver as it came", () => {
  test("loses queries with their connection", async () => {
    expect(await lostAroundTheEndOfAConnection(await unrepairedDriver())).toBeGreaterThan(0);
  });

  test("mixes up the rows of bystanders", async () => {
    expect(await foreignAnswersAfterCancels(await unrepairedDriver(), 3)).toBeGreaterThan(0);
  });

  test("begins the next result with holes", async () => {
    expect(await rowsAfterMidStreamError(await unrepairedDriver())).toBeGreaterThan(3);
  });

  test("asks with false where true was meant, which makes a stranger of an admin", async () => {
    expect(await parameterOfRevalidatedStatement(await unrepairedDriver())).toBe(false);
  });
});
