import type { Server } from "node:http";
import type { RequestHandler, Response } from "express";
import { Failure } from "../errors.ts";

interface DrainTimes {
  /** How long a balancer gets to read "not ready" while everything is still served. */
  readonly drainMs: number;
  /** How long what runs may go on after that. */
  readonly graceMs: number;
}

const SWEEP_MS = 100;

/**
 * A stop that loses nothing: first not ready but serving, every answer asking its client to connect elsewhere; then
 * refusing what is new and finishing what runs; then cut. Without the first phase each stop of a busy server reset some
 * forty keep-alive connections.
 */
export function openDrain({ drainMs, graceMs }: DrainTimes) {
  let phase: "serving" | "draining" | "refusing" = "serving";

  const unanswered = new Set<Response>();

  const sendElsewhere: RequestHandler = (_request, response, next) => {
    if (phase === "serving") {
      unanswered.add(response);
      response.once("close", () => unanswered.delete(response));
    } else response.setHeader("Connection", "close");
    next();
  };
  const refuseWhenStopping: RequestHandler = (_request, _response, next) => {
    next(phase === "refusing" ? new Failure("UNAVAILABLE") : undefined);
  };

  return {
    sendElsewhere,
    refuseWhenStopping,
    isServing: () => phase === "serving",

    async close(server: Server): Promise<void> {
      phase = "draining";
      for (const response of unanswered) if (!response.headersSent) response.setHeader("Connection", "close");
      if (drainMs > 0) await new Promise((resolve) => setTimeout(resolve, drainMs));
      phase = "refusing";
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeIdleConnections();
      // Again and again: an answer that had begun before keeps its connection open behind it.
      const sweep = setInterval(() => server.closeIdleConnections(), SWEEP_MS);
      const cut = setTimeout(() => server.closeAllConnections(), graceMs);
      await closed;
      clearInterval(sweep);
      clearTimeout(cut);
    },
  };
}
