import cluster from "node:cluster";
import type { Server } from "node:http";
import { setImmediate as afterPoll, setTimeout as sleep } from "node:timers/promises";
import type { RequestHandler, Response } from "express";

interface DrainTimes {
  /** How long the server still serves new requests, so that a load balancer can read "not ready" first. */
  readonly drainMs: number;
  /** How long running requests may continue after that. */
  readonly graceMs: number;
  /** Called when the port is closed, to close the streams. Their clients connect again at once, which the port must refuse. */
  readonly onClose: () => void;
}

/** The server closes its port when no client has connected for this long. */
const QUIET_MS = 40;
/** The limit of that wait, because clients may keep connecting. */
const MAX_WAIT_FOR_QUIET_MS = 1500;
const SWEEP_MS = 50;
/**
 * Workers share one port, which closes with the last of them. The clients of a worker that closes first must not connect
 * again before that, because closing the port would reset their connections.
 */
const WAIT_FOR_OTHER_WORKERS_MS = cluster.isWorker ? 150 : 0;

/**
 * Stops the server without losing a request. Responses first ask their clients to reconnect; then new requests wait until the
 * kernel's accept queue is empty, because closing the port resets the connections in it.
 */
export function openDrain({ drainMs, graceMs, onClose }: DrainTimes) {
  let isServing = true;
  let portClosed: Promise<unknown> | null = null;

  const unanswered = new Set<Response>();

  const askClientToReconnect: RequestHandler = (_request, response, next) => {
    if (isServing) {
      unanswered.add(response);
      response.once("close", () => unanswered.delete(response));
    } else response.setHeader("Connection", "close");
    next();
  };
  const waitWhilePortCloses: RequestHandler = (_request, _response, next) => {
    if (portClosed === null) next();
    else portClosed.then(() => next());
  };

  return {
    askClientToReconnect,
    waitWhilePortCloses,
    isServing: () => isServing,

    async close(server: Server): Promise<void> {
      isServing = false;
      for (const response of unanswered) if (!response.headersSent) response.setHeader("Connection", "close");
      if (drainMs > 0) await sleep(drainMs);
      const quiet = waitUntilNoClientConnects(server);
      portClosed = quiet.then(() => sleep(WAIT_FOR_OTHER_WORKERS_MS));
      // Registered before any waiting request, so that none of them opens a stream.
      const streamsClosed = portClosed.then(onClose);
      await quiet;
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      // Repeated, because a response that began before the stop did not ask its client to reconnect.
      const sweep = setInterval(async () => {
        await afterPoll();
        server.closeIdleConnections();
      }, SWEEP_MS);
      const cut = setTimeout(() => server.closeAllConnections(), graceMs);
      await closed;
      await streamsClosed;
      clearInterval(sweep);
      clearTimeout(cut);
    },
  };
}

async function waitUntilNoClientConnects(server: Server): Promise<void> {
  let connections = 0;
  const count = () => {
    connections += 1;
  };
  server.on("connection", count);
  const giveUpAt = performance.now() + MAX_WAIT_FOR_QUIET_MS;
  let before: number;
  do {
    before = connections;
    await sleep(QUIET_MS);
    // When the event loop is late, timers run before pending connections are accepted.
    await afterPoll();
  } while (connections > before && performance.now() < giveUpAt);
  server.off("connection", count);
}
