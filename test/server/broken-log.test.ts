import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, test } from "vitest";
import { findFreePorts } from "../../tools/support/free-ports.mjs";
import { closeIdleFetchConnections } from "../support/fetch-connections.ts";
import { MAIN } from "../support/program.ts";
import { sharedTestDatabase } from "../support/test-database.ts";

/** The number of log lines that fill more than the buffer of a pipe. */
const MANY_REQUESTS = 600;
const AT_ONCE = 50;

let stop: (() => Promise<unknown>) | undefined;
const database = await sharedTestDatabase();
afterEach(() => stop?.());

/** Starts the built server with its log in a full file or a pipe. With one worker, standard output goes to the same place. */
async function serve(output: "full" | "pipe", environment: { WORKERS: string }) {
  const [port, metricsPort] = await findFreePorts(2);
  const full = openSync("/dev/full", "w");
  const target = output === "full" ? full : "pipe";
  const isAlone = environment.WORKERS === "1";
  const child = spawn(process.execPath, [MAIN], {
    env: {
      PATH: process.env.PATH ?? "",
      DATABASE_URL: database.url,
      PORT: String(port),
      METRICS_PORT: String(metricsPort),
      SHUTDOWN_DRAIN_MS: "0",
      ...environment,
    },
    stdio: ["ignore", isAlone ? target : "pipe", target],
  });
  closeSync(full);
  const ended = once(child, "exit").then(([code]: unknown[]) => code);
  const status = (path: string) =>
    fetch(`http://127.0.0.1:${port}${path}`).then(
      (response) => response.status,
      () => 0,
    );
  stop = async () => {
    child.kill("SIGKILL");
    await ended;
  };
  // A signal before this line would meet a parent that does not handle signals yet.
  while (child.stdout !== null && !String((await once(child.stdout, "data"))[0]).includes("Listening on"));
  await expect.poll(() => status("/readyz")).toBe(200);
  return {
    child,
    status,
    async requestMany(): Promise<void> {
      for (let left = MANY_REQUESTS; left > 0; left -= AT_ONCE) {
        const statuses = await Promise.all(Array.from({ length: AT_ONCE }, () => status("/healthz")));
        expect(new Set(statuses)).toEqual(new Set([200]));
      }
    },
    async dropped(): Promise<number> {
      const text = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
      return Number(/^log_lines_dropped_total (\d+)/m.exec(text)?.[1]);
    },
    async stop(): Promise<unknown> {
      closeIdleFetchConnections();
      child.kill("SIGTERM");
      return Promise.race([ended, sleep(8000, "still running", { ref: false })]);
    },
  };
}

describe.each(["1", "2"])("with WORKERS=%s", (WORKERS) => {
  test("a server whose outputs are on a full disk serves, counts the lost lines and stops with 0", async () => {
    const server = await serve("full", { WORKERS });
    for (let request = 0; request < 20; request++) expect(await server.status("/healthz")).toBe(200);
    expect(await server.dropped()).toBeGreaterThanOrEqual(20);
    expect(await server.stop()).toBe(0);
  });

  test("a server whose log is never read serves and stops with 0", async () => {
    const server = await serve("pipe", { WORKERS });
    await server.requestMany();
    expect(await server.stop()).toBe(0);
  });

  test("a server whose log reader has left serves, counts the lost lines and stops with 0", async () => {
    const server = await serve("pipe", { WORKERS });
    server.child.stderr?.destroy();
    server.child.stdout?.destroy();
    for (let request = 0; request < 20; request++) expect(await server.status("/healthz")).toBe(200);
    expect(await server.dropped()).toBeGreaterThanOrEqual(19);
    expect(await server.stop()).toBe(0);
  });
});
