import cors from "cors";
import type { RequestHandler } from "express";

/** Headers that GraphQL and REST clients send, except those that CORS always allows. */
const ALLOWED_HEADERS = [
  "Authorization",
  "X-API-Key",
  "X-Request-ID",
  "X-Requested-With",
  "Content-Type",
  // CORS always allows these two up to 128 bytes.
  "Accept",
  "Accept-Language",
  "Cache-Control",
  "Pragma",
  "Consistency-Token",
  "If-None-Match",
  "Last-Event-ID",
  "Prefer",
  "If-Modified-Since",
  // Apollo Client, GraphQL Yoga, graphql-sse and headers that force a preflight.
  "apollo-require-preflight",
  "apollographql-client-name",
  "apollographql-client-version",
  "x-apollo-operation-id",
  "x-apollo-operation-name",
  "x-apollo-operation-type",
  "graphql-preflight",
  "graphql-require-preflight",
  "x-graphql-client-name",
  "x-graphql-client-version",
  "x-graphql-event-stream-token",
  "x-graphql-yoga-csrf",
  // W3C Trace Context and Baggage, which OpenTelemetry and most tools below use.
  "traceparent",
  "tracestate",
  "baggage",
  // Zipkin.
  "b3",
  "x-b3-flags",
  "x-b3-parentspanid",
  "x-b3-sampled",
  "x-b3-spanid",
  "x-b3-traceid",
  // Datadog.
  "x-datadog-origin",
  "x-datadog-parent-id",
  "x-datadog-sampled",
  "x-datadog-sampling-priority",
  "x-datadog-tags",
  "x-datadog-trace-id",
  // Sentry, New Relic, Application Insights, Elastic, Jaeger, AWS X-Ray, Google Cloud.
  "sentry-trace",
  "newrelic",
  "request-context",
  "request-id",
  "elastic-apm-traceparent",
  "uber-trace-id",
  "x-amzn-trace-id",
  "x-cloud-trace-context",
];

const EXPOSED_HEADERS = [
  "Consistency-Token",
  "Content-Disposition",
  "ETag",
  "Link",
  "Preference-Applied",
  "RateLimit",
  "RateLimit-Policy",
  "Retry-After",
  "WWW-Authenticate",
  "X-Request-ID",
];

const WILDCARD_ORIGIN = /^(https?:\/\/)\*(\.[a-z0-9-]+(?:\.[a-z0-9-]+)+(?::\d+)?)$/;

interface CorsOptions {
  /** The allowed origins. The asterisk in `https://*.example.com` stands for exactly one label. */
  readonly origins: readonly string[];
  /** Header names allowed in addition to the built-in list. */
  readonly allowedHeaders: readonly string[];
}

/** Returns the CORS headers of a response that is written before the middleware runs. */
export type CorsHeaders = (origin: string | undefined) => Readonly<Record<string, string>>;

/** Checks an entry of `CORS_ORIGINS`. A wildcard needs two labels after it, because `https://*.com` would allow every site. */
export function isOriginPattern(text: string): boolean {
  const origin = text.replace(WILDCARD_ORIGIN, "$1wildcard$2");
  // The URL parser accepts an asterisk in a host.
  return !origin.includes("*") && URL.canParse(origin) && new URL(origin).origin === origin;
}

export function allowOrigins({ origins, allowedHeaders }: CorsOptions): RequestHandler {
  return cors({
    origin: origins.map(matcherOf),
    methods: ["GET", "HEAD", "POST", "OPTIONS"],
    allowedHeaders: [...ALLOWED_HEADERS, ...allowedHeaders],
    exposedHeaders: EXPOSED_HEADERS,
    maxAge: 600,
    preflightContinue: true,
  });
}

/** Whether pages of an origin may use this server, as an entry of `CORS_ORIGINS` allows. */
export function isAllowedOrigin(origin: string | undefined, origins: readonly string[]): origin is string {
  return origin !== undefined && origins.some((allowed) => isMatch(matcherOf(allowed), origin));
}

function isMatch(matcher: string | RegExp, origin: string): boolean {
  return typeof matcher === "string" ? matcher === origin : matcher.test(origin);
}

export function corsHeadersFor(origins: readonly string[]): CorsHeaders {
  if (origins.length === 0) return () => ({});
  const matchers = origins.map(matcherOf);
  return (origin) => {
    if (origin === undefined || !matchers.some((matcher) => isMatch(matcher, origin))) return { Vary: "Origin" };
    return {
      Vary: "Origin",
      "Access-Control-Allow-Origin": origin,
      "Access-Control-Expose-Headers": EXPOSED_HEADERS.join(","),
    };
  };
}

function matcherOf(origin: string): string | RegExp {
  const [, scheme = "", host = ""] = WILDCARD_ORIGIN.exec(origin) ?? [];
  if (host === "") return origin;
  return new RegExp(`^${scheme}[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?${host.replaceAll(".", "\\.")}$`);
}
