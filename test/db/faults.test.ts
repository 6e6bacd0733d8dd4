import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import postgres from "postgres";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type EmbeddedPostgres, openEmbeddedPostgres } from "#embedded-postgres";
import { openDatabase } from "../../src/db/client.ts";
import { applyMigrations } from "../../src/db/migrate.ts";
import { deadlineIn } from "../../src/values/deadline.ts";
import { aTask, someJobs } from "../support/builders.ts";
import { lockTable } from "../support/lock-table.ts";
import { openTcpProxy } from "../support/tcp-proxy.ts";
import { DEFAULT_TIMEOUTS, type ServedDatabase, serveDatabase } from "../support/test-server.ts";

// This file has a PostgreSQL of its own, which it stops, freezes and locks, behind a proxy that it cuts.

/** Every request is answered within two seconds. The rest is a margin for a busy machine. */
const ANSWERED_WITHIN_MS = 2300;
/** The first request succeeds within a second after the database is reachable again. The rest is a margin for a busy machine. */
const BACK_WITHIN_MS = 1300;

let lastTick = performance.now();
let pausedMs = 0;
/** The time without the pauses of this process, because a busy machine delays its timers and the responses. */
function running(): number {
  const now = performance.now();
  pausedMs += Math.max(0, now - lastTick - 50);
  lastTick = now;
  return now - pausedMs;
}
const ticking = setInterval(running, 10);
afterAll(() => clearInterval(ticking));

const dataDir = mkdtempSync(join(tmpdir(), "task-jobs-faults-"));
let embedded: EmbeddedPostgres;
let proxy: Awaited<ReturnType<typeof openTcpProxy>>;
let sql: postgres.Sql;
let server: ServedDatabase;
let viewer: Awaited<ReturnType<ServedDatabase["as"]>>;
let taskId: string;

const start = () => openEmbeddedPostgres({ dataDir, mode: "start", settings: { fsync: "off" } });
const addressOf = (url: string) => ({ host: new URL(url).hostname, port: Number(new URL(url).port) });
const throughProxy = () => {
  const url = new URL(embedded.url);
  url.port = String(proxy.port);
  return url.href;
};

beforeAll(async () => {
  embedded = await start();
  await applyMigrations(embedded.url);
  proxy = await openTcpProxy(addressOf(embedded.url));
  server = await serveDatabase(throughProxy(), {
    ...{ ...DEFAULT_TIMEOUTS, DATABASE_POOL_SIZE: "4", METRICS_PORT: "0" },
  });
  sql = postgres(embedded.url, { max: 2, onnotice: () => {} });
  viewer = await server.as();
  taskId = await aTask(sql, { user_id: viewer.userId });
  await someJobs(sql, taskId, 20);
}, 60_000);

afterAll(async () => {
  await server.close();
  await proxy.close();
  await sql.end({ timeout: 1 });
  await embedded.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

interface Answer {
  readonly status: number;
  readonly code: string | undefined;
  readonly retryAfter: string | null;
  readonly ms: number;
}

async function askRest(): Promise<Answer> {
  const startedAt = running();
  const response = await viewer.get(`/api/v1/tasks/${taskId}/jobs?limit=5`);
  const body = JSON.parse(await response.text());
  if (response.status === 200) expect(body.jobs).toHaveLength(5);
  const ms = running() - startedAt;
  return { status: response.status, code: body.error?.code, retryAfter: response.headers.get("retry-after"), ms };
}

async function askGraphql(): Promise<Answer> {
  const startedAt = running();
  const accept = { Accept: "application/graphql-response+json" };
  const { status, headers, body } = await viewer.query(`{ taskJobs(taskId: "${taskId}") { jobs { id } } }`, {}, accept);
  const code = body.errors?.[0]?.extensions?.code;
  return { status, code, retryAfter: headers.get("retry-after"), ms: running() - startedAt };
}

const askBoth = () => Promise.all([askRest(), askGraphql()]);

async function expectUnavailable(): Promise<void> {
  for (const answer of await askBoth()) {
    expect(answer).toMatchObject({ status: 503, code: "DEPENDENCY_UNAVAILABLE", retryAfter: "1" });
    expect(answer.ms).toBeLessThan(ANSWERED_WITHIN_MS);
  }
}

async function expectTimeout(): Promise<void> {
  for (const answer of await askBoth()) {
    expect(answer).toMatchObject({ status: 504, code: "DEPENDENCY_TIMEOUT" });
    expect(answer.ms).toBeLessThan(ANSWERED_WITHIN_MS);
  }
}

async function expectBackSoon(): Promise<void> {
  const backAt = running();
  while ((await askRest()).status !== 200) {
    if (running() - backAt > BACK_WITHIN_MS) break;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  expect(running() - backAt).toBeLessThan(BACK_WITHIN_MS);
  expect((await askGraphql()).status).toBe(200);
}

const backends = async () =>
  (await sql`select pid from pg_stat_activity where application_name = 'task-jobs-api'`).map(
    (row) => row.pid as number,
  );

test("a stopped database is 503 on both APIs and not ready, and a restarted database is used without a restart of the server", async () => {
  await sql.end({ timeout: 1 });
  await embedded.stop();
  for (let i = 0; i < 10; i++) await expectUnavailable();
  expect((await fetch(`${server.url}/readyz`)).status).toBe(503);
  expect((await fetch(`${server.url}/healthz`)).status).toBe(200);

  embedded = await start();
  proxy.leadTo(addressOf(embedded.url));
  sql = postgres(embedded.url, { max: 2, onnotice: () => {} });
  await expectBackSoon();
  // "Not ready" is cached for a moment.
  await expect.poll(async () => (await fetch(`${server.url}/readyz`)).status).toBe(200);
});

test("requests are 503 while the server refuses or closes each new connection, and the pool tries few connects", async () => {
  for (const mood of ["refuse", "hang up"] as const) {
    proxy.become(mood);
    const [before, startedAt] = [proxy.connects(), running()];
    while (running() - startedAt < 2000) {
      for (const answer of await askBoth()) {
        expect([503, 504]).toContain(answer.status);
        expect(answer.ms).toBeLessThan(ANSWERED_WITHIN_MS);
      }
    }
    const seconds = (running() - startedAt) / 1000;
    expect(proxy.connects() - before).toBeLessThan(20 * seconds + 40);
    proxy.become("forward");
    await expectBackSoon();
  }
});

test("requests are 503 or 504 within two seconds while the network drops all packets, and succeed afterwards", async () => {
  await expectBackSoon();
  proxy.become("blackhole");
  for (const answer of await Promise.all([askRest(), askGraphql(), askRest()])) {
    expect([503, 504]).toContain(answer.status);
    expect(answer.ms).toBeLessThan(ANSWERED_WITHIN_MS);
  }
  proxy.become("forward");
  await expectBackSoon();
});

test("the metrics show an unreachable database for exactly as long as it cannot be reached", async () => {
  const isBreakerOpen = async () => {
    const text = await server.app.metrics?.text();
    return /^database_breaker_open\{pool="pages"\} 1$/m.test(text ?? "");
  };
  proxy.become("blackhole");
  const asking = setInterval(() => void askRest(), 50);
  try {
    await expect.poll(isBreakerOpen).toBe(true);
    for (let i = 0; i < 30; i++) {
      expect(await isBreakerOpen()).toBe(true);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  } finally {
    clearInterval(asking);
    proxy.become("forward");
  }
  await expectBackSoon();
  expect(await isBreakerOpen()).toBe(false);
});

test("terminated backends fail no request", async () => {
  let kills = 0;
  const killing: Promise<void>[] = [];
  const kill = async () => {
    const killed = await sql`select pg_terminate_backend(pid) from pg_stat_activity
      where application_name = 'task-jobs-api' order by random() limit 1`;
    kills += killed.length;
  };
  const answers: Answer[] = [];
  const client = async () => {
    for (let i = 0; i < 60; i++) {
      answers.push(await (i % 2 ? askRest() : askGraphql()));
      // Counted in answers, since a slow machine needs longer than a fixed time to replace a connection.
      if (answers.length % 16 === 0) killing.push(kill());
    }
  };
  await Promise.all(Array.from({ length: 8 }, client));
  await Promise.all(killing);
  expect(kills).toBeGreaterThan(10);
  expect(answers.filter(({ status }) => status !== 200)).toEqual([]);
});

test("one frozen backend fails no request", async () => {
  await Promise.all(Array.from({ length: 8 }, askRest));
  const [frozen] = await backends();
  process.kill(frozen ?? 0, "SIGSTOP");
  try {
    const answers = (await Promise.all(Array.from({ length: 15 }, askBoth))).flat();
    expect(answers.filter(({ status }) => status !== 200)).toEqual([]);
    expect(Math.max(...answers.map(({ ms }) => ms))).toBeLessThan(ANSWERED_WITHIN_MS);
  } finally {
    process.kill(frozen ?? 0, "SIGCONT");
  }
});

test("requests are 504 within two seconds while a table is locked, and succeed when the lock is released", async () => {
  const unlock = await lockTable(sql, "task_email_jobs");
  await expectTimeout();
  await unlock();
  await expectBackSoon();
});

describe("with slow statements", () => {
  beforeEach(async () => {
    // A view with the name of the table, which takes 30 s.
    await sql`alter table task_email_jobs rename to task_email_jobs_table`;
    await sql`create view task_email_jobs as select t.* from task_email_jobs_table t, pg_sleep(30)`;
  });
  afterEach(async () => {
    await sql`drop view task_email_jobs`;
    await sql`alter table task_email_jobs_table rename to task_email_jobs`;
  });

  test("a statement that is too slow is 504 within two seconds", async () => {
    await expectTimeout();
  });

  test("slow statements that fill the pool make further requests 503 or 504 within the time limit", async () => {
    const answers = await Promise.all(Array.from({ length: 300 }, askRest));
    expect(answers.every(({ status }) => status === 503 || status === 504)).toBe(true);
    expect(answers.some(({ status }) => status === 503)).toBe(true);
    expect(Math.max(...answers.map(({ ms }) => ms))).toBeLessThan(ANSWERED_WITHIN_MS + 700);
  });
});

test("pages are answered after the slow statements have ended", async () => {
  await expectBackSoon();
  for (let i = 0; i < 50; i++) expect((await askRest()).status).toBe(200);
});

test("a read-only standby serves requests", async () => {
  await sql.unsafe(`alter database task_jobs set default_transaction_read_only = on`);
  await sql`select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'task-jobs-api'`;
  for (const answer of await askBoth()) expect(answer.status).toBe(200);
  await sql.begin(async (tx) => {
    await tx`set transaction read write`;
    await tx.unsafe(`alter database task_jobs reset default_transaction_read_only`);
  });
});

test("a statement that a standby cancelled because of replay is tried again", async () => {
  await sql`create sequence replays`;
  await sql.unsafe(`create function read_on_standby() returns text language plpgsql as $$ begin
    if nextval('replays') < 3 then raise 'conflict with recovery' using errcode = '40001'; end if;
    return 'read'; end $$`);
  const database = openDatabase({ url: embedded.url, maxConnections: 1, statementTimeoutMs: 1000 });
  const rows = await database.read(deadlineIn(1900), () => database.sql`select read_on_standby() as answer`);
  expect(rows).toEqual([{ answer: "read" }]);
  await database.close();
});
