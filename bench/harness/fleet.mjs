import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findFreePorts } from "../../tools/support/free-ports.mjs";
import { OURS } from "../competitors.mjs";
import { startProgram, versionOf } from "./programs.mjs";

/** Connections from PgBouncer to PostgreSQL, however many servers connect to PgBouncer. */
const POOLED_CONNECTIONS = 20;
/** From this version on, PgBouncer supports prepared statements in transaction mode. */
const PREPARING_VERSION = [1, 21];
const IGNORED = [
  "random_page_cost,plan_cache_mode,max_parallel_workers_per_gather",
  "statement_timeout,lock_timeout,idle_in_transaction_session_timeout",
].join(",");
/** A limit that is counted and never reached. */
const SHARED_LIMIT = { RATE_LIMIT: "9999999/h", RATE_LIMIT_STORE: "postgres" };

/** @import { Bench, CpuParts, RunningServer } from "../types.ts" */
/** @typedef {Awaited<ReturnType<typeof startPgBouncer>>} PgBouncer */
/** @typedef {Awaited<ReturnType<typeof startFleet>>} Fleet */

/**
 * Starts PgBouncer in transaction mode in front of a database.
 * @param {string} program
 * @param {string} databaseUrl
 */
export async function startPgBouncer(program, databaseUrl) {
  const [major, minor] = versionOf(program);
  const prepares = major > PREPARING_VERSION[0] || minor >= PREPARING_VERSION[1];
  const { hostname, port, username, password, pathname } = new URL(databaseUrl);
  const [listenPort] = await findFreePorts(1);
  const directory = makeDirectory("pgbouncer");
  writeFileSync(
    join(directory, "pgbouncer.ini"),
    `[databases]
* = host=${hostname} port=${port} user=${username} password=${decodeURIComponent(password)}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${listenPort}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = ${POOLED_CONNECTIONS}
max_client_conn = 1000
${prepares ? "max_prepared_statements = 200\n" : ""}log_connections = 0
log_disconnections = 0
ignore_startup_parameters = ${IGNORED}
`,
  );
  const running = await startProgram(program, [join(directory, "pgbouncer.ini")], listenPort);
  return {
    description: `PgBouncer ${major}.${minor}, prepared statements ${prepares ? "on" : "off"}`,
    environment: {
      DATABASE_URL: `postgres://${username}@127.0.0.1:${listenPort}${pathname}`,
      DATABASE_PREPARED_STATEMENTS: prepares ? "on" : "off",
    },
    cpuMs: running.cpuMs,
    stop: () => running.stop().then(() => rmSync(directory, { recursive: true })),
  };
}

/**
 * Starts servers, with nginx before them and PgBouncer behind them unless these are null. Resolves to the origin of the load
 * and to the CPU time of each part.
 * @param {Bench} bench
 * @param {{ servers: number, nginx: string | null, pgBouncer: PgBouncer | null, hasSharedLimit: boolean }} parts
 */
export async function startFleet(bench, { servers, nginx, pgBouncer, hasSharedLimit }) {
  const environment = {
    MIGRATE: "off",
    TRUST_PROXY_HOPS: nginx === null ? "0" : "1",
    ...pgBouncer?.environment,
    ...(hasSharedLimit ? SHARED_LIMIT : {}),
  };
  const started = await Promise.all(Array.from({ length: servers }, () => bench.start(OURS, environment)));
  const balancer = nginx === null ? null : await startNginx(nginx, started);
  /** @type {CpuParts} */
  const parts = {
    node: () => started.reduce((sum, server) => sum + server.cpuMs(), 0),
    ...(pgBouncer === null ? {} : { pgbouncer: pgBouncer.cpuMs }),
    ...(balancer === null ? {} : { nginx: balancer.cpuMs }),
    postgres: bench.database.cpuMs,
  };
  return {
    origin: balancer?.origin ?? started[0].origin,
    parts,
    stop: async () => {
      await balancer?.stop();
      await Promise.all(started.map((server) => server.stop()));
    },
  };
}

/**
 * Starts nginx with the settings of deploy/nginx.conf and files in a directory of their own.
 * @param {string} program
 * @param {readonly RunningServer[]} servers
 */
async function startNginx(program, servers) {
  const [port] = await findFreePorts(1);
  const directory = makeDirectory("nginx");
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
  writeFileSync(
    join(directory, "nginx.conf"),
    `daemon off;
worker_processes 1;
pid ${directory}/pid;
error_log stderr warn;
events { worker_connections 4096; }
http {
  access_log off;
  ${temporary.map((name) => `${name}_temp_path ${directory}/${name};`).join("\n  ")}
  upstream servers {
    ${servers.map(({ origin }) => `server ${new URL(origin).host};`).join("\n    ")}
    keepalive 64;
  }
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://servers;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $host;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    }
  }
}
`,
  );
  const running = await startProgram(program, ["-p", directory, "-c", join(directory, "nginx.conf")], port);
  return {
    origin: `http://127.0.0.1:${port}`,
    cpuMs: running.cpuMs,
    stop: () => running.stop().then(() => rmSync(directory, { recursive: true })),
  };
}

/** Creates a directory that programs of another user may use. */
function makeDirectory(name) {
  const directory = mkdtempSync(join(tmpdir(), `task-jobs-${name}-`));
  chmodSync(directory, 0o777);
  return directory;
}
