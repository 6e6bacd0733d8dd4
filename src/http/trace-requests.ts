import { context, propagation, SpanKind, SpanStatusCode, type Tracer, trace } from "@opentelemetry/api";
import type { RequestHandler } from "express";
import { noteTrace } from "../log.ts";

/**
 * Runs each request in a span that continues the caller's trace, or uses the span of an HTTP instrumentation if there is
 * one. The log lines of the request name this span.
 */
export function traceRequests(tracer: Tracer): RequestHandler {
  return (request, response, next) => {
    const { method } = request;
    const instrumented = trace.getActiveSpan();
    const parent = instrumented ? context.active() : propagation.extract(context.active(), request.headers);
    const attributes = { "http.request.method": method };
    const span = instrumented ?? tracer.startSpan(method, { kind: SpanKind.SERVER, attributes }, parent);
    const { traceId, spanId } = span.spanContext();
    const forgetTrace = noteTrace(response.locals.requestId, { trace_id: traceId, span_id: spanId });
    response.once("close", () => {
      forgetTrace();
      // The pattern of the route, because a path has ids and may have anything.
      const route: unknown = request.route?.path;
      if (typeof route === "string") span.updateName(`${method} ${route}`).setAttribute("http.route", route);
      span.setAttribute("http.response.status_code", response.statusCode);
      if (response.statusCode >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
      if (instrumented === undefined) span.end();
    });
    context.with(trace.setSpan(parent, span), next);
  };
}
