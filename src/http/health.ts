import { Router } from "express";
import { programVersion } from "../values/version.ts";
import { onlyMethods } from "./error-handler.ts";

export type IsReady = () => Promise<boolean>;

/** Readiness is cached so that probes cost no statement. "Not ready" is cached for less time. */
const READY_HOLDS_MS = 1000;
const NOT_READY_HOLDS_MS = 250;

/** Runs one check at a time and caches its result briefly. */
export function cacheReadiness(isReady: IsReady): IsReady {
  let answer = Promise.resolve(false);
  let askAgainAt = 0;
  return () => {
    if (performance.now() < askAgainAt) return answer;
    askAgainAt = Number.POSITIVE_INFINITY;
    answer = isReady().then((ready) => {
      askAgainAt = performance.now() + (ready ? READY_HOLDS_MS : NOT_READY_HOLDS_MS);
      return ready;
    });
    return answer;
  };
}

/** `/healthz` reports that the process runs and its version, `/readyz` that it can answer requests. The log has the reason if it cannot. */
export function healthRoutes(isReady: IsReady): Router {
  const router = Router();
  const version = programVersion();
  router.all("/healthz", onlyMethods("GET", "HEAD"), (_request, response) => {
    response.json({ status: "ok", version });
  });
  router.all("/readyz", onlyMethods("GET", "HEAD"), async (_request, response) => {
    const ready = await isReady();
    response.status(ready ? 200 : 503).json({ status: ready ? "ready" : "unavailable" });
  });
  return router;
}
