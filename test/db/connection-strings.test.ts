import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import tls from "node:tls";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { openDatabase } from "../../src/db/client.ts";
import { applyMigrations } from "../../src/db/migrate.ts";
import { createTestDatabase, type TestDatabase } from "../support/test-database.ts";
import { openTlsProxy, TLS_IDENTITY } from "../support/tls-proxy.ts";

let database: TestDatabase;
let directory: string;
let tlsProxy: Awaited<ReturnType<typeof openTlsProxy>>;
const servers: net.Server[] = [];
const ports = { ipv6: 0, direct: 0 };
let credentials: string;

const target = () => ({ host: new URL(inject("serverUrl")).hostname, port: Number(new URL(inject("serverUrl")).port) });

/** A proxy that forwards connections to the real server. */
function passOn(client: net.Socket): void {
  const upstream = net.connect(target());
  client.pipe(upstream).pipe(client);
  client.on("error", () => upstream.destroy());
  upstream.on("error", () => client.destroy());
}

async function listen(server: net.Server, ...where: [string] | [number, string]): Promise<number> {
  servers.push(server);
  await new Promise<void>((resolve) => {
    if (where.length === 1) server.listen(where[0], resolve);
    else server.listen(where[0], where[1], resolve);
  });
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

beforeAll(async () => {
  database = await createTestDatabase();
  directory = await mkdtemp(join(tmpdir(), "pg-"));
  const { username, password } = new URL(database.url);
  credentials = `${username}:${password}`;
  await listen(net.createServer(passOn), join(directory, ".s.PGSQL.5432"));
  ports.ipv6 = await listen(net.createServer(passOn), 0, "::1");
  const identity = readFileSync(TLS_IDENTITY);
  const direct = tls.createServer({ key: identity, cert: identity, ALPNProtocols: ["postgresql"] }, passOn);
  ports.direct = await listen(direct, 0, "127.0.0.1");
  tlsProxy = await openTlsProxy(target());
});
afterAll(async () => {
  await tlsProxy.close();
  for (const server of servers) server.close();
  await database.close();
  await rm(directory, { recursive: true, force: true });
});

const at = (address: string, parameters = "") => `postgres://${credentials}@${address}/${database.name}${parameters}`;

/** Migrations, the pool of a server and the pool of a command each open their connections differently. */
async function expectAnswers(url: string): Promise<void> {
  await applyMigrations(url);
  for (const limits of [{}, { statementTimeoutMs: 1000 }]) {
    const { sql, close } = openDatabase({ url, maxConnections: 1, ...limits });
    try {
      const [row] = await sql`select current_database() as name, '2025-01-01 12:00:00+00'::timestamptz as moment`;
      expect(row).toEqual({ name: database.name, moment: "2025-01-01 12:00:00+00" });
    } finally {
      await close();
    }
  }
}

const KINDS: [string, () => string][] = [
  ["a Unix socket in host", () => at("", `?host=${directory}`)],
  ["an encoded Unix socket", () => at(encodeURIComponent(directory))],
  ["an IPv6 address", () => at(`[::1]:${ports.ipv6}`)],
  ["sslmode=require", () => at(`localhost:${tlsProxy.port}`, "?sslmode=require&channel_binding=require")],
  [
    "verify-full by sslrootcert",
    () => at(`localhost:${tlsProxy.port}`, `?sslmode=verify-full&sslrootcert=${TLS_IDENTITY}`),
  ],
  [
    "verify-ca by sslrootcert",
    () => at(`127.0.0.1:${tlsProxy.port}`, `?sslmode=verify-ca&sslrootcert=${TLS_IDENTITY}`),
  ],
  ["TLS from the first byte", () => at(`localhost:${ports.direct}`, "?sslmode=require&sslnegotiation=direct")],
  ["pgbouncer=true", () => at(`127.0.0.1:${target().port}`, "?pgbouncer=true&connection_limit=1&schema=public")],
  [
    "the second server of a list, if the first one refuses connections",
    () => at(`127.0.0.1:9,127.0.0.1:${target().port}`, "?target_session_attrs=read-write"),
  ],
  ["a Unix socket in a list", () => at(`127.0.0.1:9,${encodeURIComponent(directory)}:5432`)],
  ["an IPv6 address in a list", () => at(`127.0.0.1:9,[::1]:${ports.ipv6}`, "?load_balance_hosts=random")],
  ["lists in host and port", () => at("", `?host=127.0.0.1,::1,${directory}&port=9,${ports.ipv6},5432`)],
  ["one of the addresses of a name", () => at(`localhost:${target().port}`, "?target_session_attrs=primary")],
  ["an address in hostaddr", () => at(`missing.invalid:${target().port}`, "?hostaddr=127.0.0.1&sslmode=disable")],
  [
    "verify-full for the name of each server of a list",
    () =>
      at(
        `missing.invalid:${tlsProxy.port},localhost:${tlsProxy.port}`,
        `?hostaddr=127.0.0.1,127.0.0.1&sslmode=verify-full&sslrootcert=${TLS_IDENTITY}`,
      ),
  ],
  [
    "settings of the session",
    () =>
      at(
        `127.0.0.1:${target().port}`,
        "?timezone=Asia/Tokyo&DateStyle=German&search_path=pg_catalog&statement_timeout=1&default_transaction_read_only=on" +
          "&options=-c%20TimeZone%3DAsia/Tokyo%20-c%20statement_timeout%3D1%20-c%20geqo%3Doff",
      ),
  ],
];

test.each(KINDS)("migrations, servers and commands connect by %s", async (_, url) => {
  await expectAnswers(url());
});

test("without the authority that signed the certificate, verify-ca refuses the server", async () => {
  const { sql, close } = openDatabase({
    url: at(`localhost:${tlsProxy.port}`, "?sslmode=verify-ca"),
    maxConnections: 1,
  });
  await expect(sql`select 1`).rejects.toMatchObject({ code: "HUNG_UP" });
  await close();
});
