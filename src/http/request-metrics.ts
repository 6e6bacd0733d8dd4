import type { Request, RequestHandler, Response } from "express";
import type { Endpoint, Metrics } from "../metrics/metrics.ts";

/** The pages for people, and their files, by the first segment of their path. `/` is one, too. */
const PAGES: ReadonlySet<string> = new Set(["docs", "openapi.json", "home.css", "favicon.ico", "favicon.svg"]);

/** Measures each request until its response is closed. Must precede every middleware that may send a response. */
export function measureRequests(metrics: Metrics): RequestHandler {
  return (request, response, next) => {
    const startedAt = performance.now();
    // A mounted router changes `request.path`.
    const { path } = request;
    response.on("close", () => {
      const endpoint = endpointOf(path);
      const isStream = response.locals.isStream === true;
      metrics.observeRequest({
        endpoint,
        operation: operationOf(endpoint, request, response),
        status:
          response.writableFinished || (isStream && (response.headersSent || response.statusCode === 101))
            ? String(response.statusCode)
            : "aborted",
        seconds: isStream ? null : (performance.now() - startedAt) / 1000,
      });
    });
    next();
  };
}

function endpointOf(path: string): Endpoint {
  const [, first = "", ...rest] = path.toLowerCase().split("/", 3);
  if ((first === "" && rest.length === 0) || PAGES.has(first)) return "pages";
  if (first === "api") return "rest";
  if (first === "healthz" || first === "readyz") return "health";
  return first === "graphql" || first === "graphiql" || first === "metrics" ? first : "unknown";
}

/** Returns the root field or the pattern of the route. The path and the operation name are not used, because callers choose them. */
function operationOf(endpoint: Endpoint, request: Request, response: Response): string {
  if (endpoint === "graphql") return response.locals.operation ?? "none";
  const pattern: unknown = endpoint === "rest" || endpoint === "health" ? request.route?.path : undefined;
  return typeof pattern === "string" ? pattern : "none";
}
