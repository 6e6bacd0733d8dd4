import { Router } from "express";
import { onlyMethods } from "./error-handler.ts";

export type IsReady = () => Promise<boolean>;

/** `/healthz`: the process lives. `/readyz`: it can answer. Neither says why not: that is in the log. */
export function healthRoutes(isReady: IsReady): Router {
  const router = Router();
  router.all("/healthz", onlyMethods("GET", "HEAD"), (_request, response) => {
    response.json({ status: "ok" });
  });
  router.all("/readyz", onlyMethods("GET", "HEAD"), async (_request, response) => {
    const ready = await isReady();
    response.status(ready ? 200 : 503).json({ status: ready ? "ready" : "unavailable" });
  });
  return router;
}
