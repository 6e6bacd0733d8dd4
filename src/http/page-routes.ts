import { Router } from "express";
import type { Config } from "../config.ts";
import { docsRoutes } from "./docs/docs.ts";
import { type Demo, graphiqlRoutes } from "./graphiql/graphiql.ts";
import { homeRoutes } from "./home/home.ts";

/** The pages for people. They need no credential and are not counted by the rate limit. */
export function pageRoutes({ graphiql, apiDocs, trustProxyHops }: Config, demo: Demo | null): Router {
  const router = Router();
  router.use(homeRoutes({ graphiql, apiDocs }));
  if (apiDocs) router.use(docsRoutes());
  // A server behind a proxy may be public, so its page does not contain the key of the demo.
  if (graphiql) router.use("/graphiql", graphiqlRoutes({ demo: trustProxyHops > 0 ? null : demo }));
  return router;
}
