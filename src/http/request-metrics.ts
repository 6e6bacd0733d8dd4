import type { Request, RequestHandler, Response } from "express";
import type { MeasuredRequest, Metrics } from "../metrics/metrics.ts";

/** To be mounted before whatever may answer. */
export function measureRequests(metrics: Metrics): RequestHandler {
  return (request, response, next) => {
    const startedAt = performance.now();
    // A mounted router changes it.
    const { path } = request;
    response.on("close", () => {
      const door = doorOf(path);
      metrics.observeRequest({
        door,
        operation: operationOf(door, request, response),
        status: response.writableFinished ? String(response.statusCode) : "aborted",
        seconds: (performance.now() - startedAt) / 1000,
      });
    });
    next();
  };
}

type Door = MeasuredRequest["door"];

function doorOf(path: string): Door {
  const [, first = ""] = path.toLowerCase().split("/", 2);
  if (first === "api") return "rest";
  if (first === "healthz" || first === "readyz") return "health";
  return first === "graphql" || first === "graphiql" || first === "metrics" ? first : "unknown";
}

/** Never the path nor an operation's name: those are the caller's own words. */
function operationOf(door: Door, request: Request, response: Response): string {
  if (door === "graphql") return response.locals.operation ?? "none";
  const pattern: unknown = door === "rest" || door === "health" ? request.route?.path : undefined;
  return typeof pattern === "string" ? pattern : "none";
}
