import express, { type Express, type Request, type RequestHandler } from "express";
import type { Config } from "../../config.ts";
import { Failure } from "../../errors.ts";
import type { Log } from "../../log.ts";
import { isAllowedOrigin } from "../cors.ts";
import { errorHandler, unknownPath } from "../error-handler.ts";
import type { OpenSockets } from "./open-sockets.ts";

interface WebSocketAppOptions {
  readonly sockets: OpenSockets;
  /** The middleware that precedes every route, as for ordinary requests. */
  readonly middleware: readonly RequestHandler[];
  readonly log: Log;
}

/** Handles WebSocket handshakes, which Node gives to no ordinary handler. Only `/graphql` accepts them. */
export function createWebSocketApp(config: Config, { sockets, middleware, log }: WebSocketAppOptions): Express {
  const app = express();
  app.disable("x-powered-by");
  app.set("query parser", false);
  if (config.trustProxyHops > 0) app.set("trust proxy", config.trustProxyHops);
  app.use(...middleware);
  app.get("/graphql", (request, response) => {
    if (!isOfSameOrigin(request) && !isAllowedOrigin(request.headers.origin, config.corsOrigins))
      throw new Failure("ORIGIN_NOT_ALLOWED");
    sockets.accept(request, response);
  });
  app.use(unknownPath);
  app.use(errorHandler(log));
  return app;
}

/** Browsers always send `Origin`, and other clients need not. Only its host is compared, because a proxy may terminate TLS. */
function isOfSameOrigin(request: Request): boolean {
  const { origin } = request.headers;
  if (origin === undefined) return true;
  if (!URL.canParse(origin)) return false;
  const { protocol, host } = new URL(origin);
  // Proxies often add the default port to `Host`, which browsers leave out of `Origin`.
  const requested = `${protocol}//${request.host}`;
  return URL.canParse(requested) && new URL(requested).host === host;
}
