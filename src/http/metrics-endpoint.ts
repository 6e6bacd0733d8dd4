import { hash, timingSafeEqual } from "node:crypto";
import http, { type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type RequestHandler, Router } from "express";
import { bearerTokenOf } from "../auth/bearer.ts";
import { Failure } from "../errors.ts";
import { onlyMethods } from "./error-handler.ts";

export interface MetricsConfig {
  /** Null if the metrics are served on the main port, which requires the token. */
  readonly port: number | null;
  readonly host: string;
  readonly token: string | null;
}

const CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";
/** The time limit for receiving a request. A scrape is one short request. */
const REQUEST_TIMEOUT_MS = 5000;

type ReadMetrics = () => Promise<string>;

/** Serves `/metrics` on the main port to callers with the token. */
export function metricsRoutes(token: string, readMetrics: ReadMetrics): Router {
  const router = Router();
  const withToken: RequestHandler = (request, response, next) => {
    if (hasToken(request, token)) return next();
    response.locals.credentialFault = "wrong_metrics_token";
    throw new Failure("UNAUTHENTICATED");
  };
  router.all("/metrics", onlyMethods("GET", "HEAD"), withToken, async (_request, response) => {
    sendMetrics(response, await readMetrics());
  });
  return router;
}

/** Serves only `/metrics` on a separate port, to every caller or, if a token is set, to callers with the token. */
export async function openMetricsServer({ port, host, token }: MetricsConfig, readMetrics: ReadMetrics) {
  const server = http.createServer(async (request, response) => {
    if (request.url?.split("?")[0] !== "/metrics") response.writeHead(404).end();
    else if (request.method !== "GET" && request.method !== "HEAD")
      response.writeHead(405, { Allow: "GET, HEAD" }).end();
    else if (token !== null && !hasToken(request, token)) {
      response.writeHead(401, { "WWW-Authenticate": "Bearer" }).end();
    } else {
      await readMetrics().then(
        (text) => sendMetrics(response, text),
        () => response.writeHead(500).end(),
      );
    }
  });
  server.requestTimeout = REQUEST_TIMEOUT_MS;
  server.headersTimeout = REQUEST_TIMEOUT_MS;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port ?? 0, host, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function sendMetrics(response: ServerResponse, text: string): void {
  response.writeHead(200, { "Content-Type": CONTENT_TYPE, "Cache-Control": "no-store" }).end(text);
}

/** Compares hashes in constant time, because the time of a plain comparison tells an attacker how many characters match. */
function hasToken({ headers }: IncomingMessage, token: string): boolean {
  const given = bearerTokenOf(headers.authorization ?? "") ?? "";
  return timingSafeEqual(hash("sha256", given, "buffer"), hash("sha256", token, "buffer"));
}
