import { Router } from "express";
import type { OpenDatabase } from "../db/client.ts";
import { reasonOf } from "../db/error-reason.ts";
import { watchReadiness } from "../db/readiness.ts";
import type { Log } from "../log.ts";
import { programVersion } from "../values/version.ts";
import { onlyMethods } from "./error-handler.ts";

type IsReady = () => Promise<boolean>;

/** Readiness is cached so that frequent probes do not reach the database. "Not ready" is cached for less time. */
const READY_TTL_MS = 1000;
const NOT_READY_TTL_MS = 250;

/** Returns a check of the database, and logs when the database becomes unready, unreachable or ready again. */
export function watchDatabase(database: OpenDatabase, log: Log): IsReady {
  database.onOutage(
    (cause) => log.error({ reason: reasonOf(cause) }, "the database cannot be reached"),
    () => log.info("the database answers again"),
  );
  database.onWorkerChange(({ name }, isDown) => {
    if (isDown) log.error({ worker: name }, "a worker of the Citus cluster does not answer: its tasks are unavailable");
    else log.info({ worker: name }, "the worker of the Citus cluster answers again");
  });
  const isReady = watchReadiness(database, (reason) => {
    if (reason === null) log.info("ready again");
    else log.warn({ reason }, "not ready");
  });
  return cacheReadiness(isReady);
}

/** Runs one check at a time and caches its result briefly. */
function cacheReadiness(isReady: IsReady): IsReady {
  let result = Promise.resolve(false);
  let expiresAt = 0;
  return () => {
    if (performance.now() < expiresAt) return result;
    expiresAt = Number.POSITIVE_INFINITY;
    result = isReady().then((ready) => {
      expiresAt = performance.now() + (ready ? READY_TTL_MS : NOT_READY_TTL_MS);
      return ready;
    });
    return result;
  };
}

/** `/healthz` reports that the process runs, and its version. `/readyz` reports that the process can serve requests; if it cannot, the log has the reason. */
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
