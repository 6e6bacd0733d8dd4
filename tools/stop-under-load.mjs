// npm run stop-under-load -- [--connections 16,50,200] [--workers 1,2] [--drain 1000,0] [--runs 3]
// Stops the server with SIGTERM while keep-alive clients send requests as fast as they can, without a proxy. The exit code is 1
// if a client saw a connection reset, a request without a response or a status other than 200.
import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import { insertKey } from "./support/api-key.mjs";
import { openFlatOutClients } from "./support/flat-out-client.mjs";
import { listening, MAIN, openServerUnderTest } from "./support/server-under-test.mjs";

const JOBS = 20;
const BUSY_BEFORE_STOP_MS = 1000;

const { values } = parseArgs({
  options: {
    connections: { type: "string", default: "16,50,200" },
    workers: { type: "string", default: "1,2" },
    drain: { type: "string", default: "1000,0" },
    runs: { type: "string", default: "3" },
  },
});
const numbersOf = (text) => text.split(",").map(Number);

const prepared = await openServerUnderTest({ name: "stop", environment: { LOG_LEVEL: "error" }, fill });
let isGood = true;
try {
  console.log("drain ms  workers  connections  run  answers  after SIGTERM  resets  lost  not 200  stop ms  exit");
  for (const drain of numbersOf(values.drain)) {
    for (const workers of numbersOf(values.workers)) {
      for (const connections of numbersOf(values.connections)) {
        for (let run = 1; run <= Number(values.runs); run++) await stopOnce({ drain, workers, connections, run });
      }
    }
  }
} finally {
  await prepared.close();
}
if (!isGood) process.exitCode = 1;

async function fill(sql) {
  const [taskId, userId] = [randomUUID(), randomUUID()];
  await sql`insert into tasks (id, user_id) values (${taskId}, ${userId})`;
  await sql`insert into task_email_jobs (task_id, email_address)
    select ${taskId}, 'u' || n || '@example.com' from generate_series(1, ${JOBS}::int) n`;
  return { path: `/api/v1/tasks/${taskId}/jobs?limit=10`, key: await insertKey(sql, userId) };
}

async function stopOnce({ drain, workers, connections, run }) {
  const environment = {
    PATH: process.env.PATH,
    DATABASE_URL: prepared.databaseUrl,
    PORT: "0",
    LOG_LEVEL: "error",
    WORKERS: String(workers),
    SHUTDOWN_DRAIN_MS: String(drain),
  };
  const server = spawn(process.execPath, [MAIN], { env: environment, stdio: ["ignore", "pipe", "pipe"] });
  const ended = once(server, "close");
  const origin = await listening(server, ended, (line) => console.error(line));
  const clients = openFlatOutClients({ port: Number(new URL(origin).port), ...prepared.filled, connections });
  await delay(BUSY_BEFORE_STOP_MS);
  clients.noteStop();
  const startedAt = performance.now();
  server.kill("SIGTERM");
  const [code] = await ended;
  const stopMs = Math.round(performance.now() - startedAt);
  const { answers, afterStop, resets, lost, other, faults } = await clients.end();
  const cells = [drain, workers, connections, run, answers, afterStop, resets, lost, other, stopMs, code];
  const widths = [8, 7, 11, 3, 7, 13, 6, 4, 7, 7, 4];
  console.log(cells.map((cell, index) => String(cell).padStart(widths[index])).join("  "));
  if (faults.length > 0 || code !== 0) {
    isGood = false;
    console.log(`  ${[...new Set(faults)].slice(0, 5).join("; ")}`);
  }
}
