import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, expect, inject, test } from "vitest";
import { openDatabase } from "../../src/db/client.ts";
import { reasonOf } from "../../src/db/error-reason.ts";
import { isUnreachable } from "../../src/db/faults.ts";
import { deadlineIn } from "../../src/values/deadline.ts";
import { killPrograms, startProgram } from "../support/program.ts";
import { createTestDatabase, type TestDatabase } from "../support/test-database.ts";
import { openTlsProxy, TLS_IDENTITY } from "../support/tls-proxy.ts";

let database: TestDatabase;
let proxy: Awaited<ReturnType<typeof openTlsProxy>>;

beforeAll(async () => {
  database = await createTestDatabase();
  proxy = await openTlsProxy(addressOf(inject("serverUrl")));
});
afterEach(killPrograms);
afterAll(async () => {
  await proxy.close();
  await database.close();
});

const addressOf = (url: string) => ({ host: new URL(url).hostname, port: Number(new URL(url).port) });

function urlOf(sslmode: string, { port } = proxy): string {
  const url = new URL(database.url);
  url.host = `localhost:${port}`;
  url.searchParams.set("sslmode", sslmode);
  return url.href;
}

const open = (url: string, statementTimeoutMs = 1000) => openDatabase({ url, maxConnections: 1, statementTimeoutMs });

test("slow statements and idle pauses do not close a TLS connection", async () => {
  const timeoutMs = 2000;
  const { sql, read, close } = open(urlOf("require"), timeoutMs);
  const backends = new Set<number>();
  for (const pauseMs of [0, timeoutMs + 500, 0]) {
    await sleep(pauseMs);
    const [row] = await read(deadlineIn(10_000), () => sql`select pg_backend_pid() as pid, pg_sleep(0.6)`);
    backends.add(row?.pid);
  }
  await close();
  expect(backends.size).toBe(1);
});

test("a read on a frozen backend is repeated on another connection", async () => {
  const { sql, read, close } = open(urlOf("require"));
  const [row] = await sql`select pg_backend_pid() as pid`;
  process.kill(row?.pid, "SIGSTOP");
  try {
    const [other] = await read(deadlineIn(3000), () => sql`select pg_backend_pid() as pid`);
    expect(other?.pid).not.toBe(row?.pid);
  } finally {
    process.kill(row?.pid, "SIGCONT");
  }
  await close();
});

test("a server without TLS is unavailable with sslmode=require, and is used with sslmode=prefer", async () => {
  const plain = await openTlsProxy(addressOf(inject("serverUrl")), "N");
  const strict = open(urlOf("require", plain));
  await expect(strict.read(deadlineIn(1900), () => strict.sql`select 1`)).rejects.toMatchObject({
    kind: "UNAVAILABLE",
  });
  await strict.close();
  const lenient = open(urlOf("prefer", plain));
  expect(await lenient.sql`select 1 as one`).toEqual([{ one: 1 }]);
  await lenient.close();
  await plain.close();
});

test("verify-full refuses a certificate that no known authority has signed, and names the reason", async () => {
  const { sql, close } = open(urlOf("verify-full"));
  const failure = await sql`select 1`.catch((error: unknown) => error);
  expect(isUnreachable(failure)).toBe(true);
  expect(reasonOf(failure)).toBe("DEPTH_ZERO_SELF_SIGNED_CERT");
  await close();
});

test("verify-full accepts a certificate that an authority in NODE_EXTRA_CA_CERTS has signed", async () => {
  const program = startProgram("dist/main.js", {
    DATABASE_URL: urlOf("verify-full"),
    NODE_EXTRA_CA_CERTS: TLS_IDENTITY,
    PORT: "0",
  });
  const origin = await program.listening();
  expect((await fetch(`${origin}/readyz`)).status).toBe(200);
  expect((await program.stop()).code).toBe(0);
});
