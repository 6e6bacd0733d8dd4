import cors from "cors";
import type { RequestHandler } from "express";

export function allowOrigins(origins: readonly string[]): RequestHandler {
  return cors({
    origin: [...origins],
    methods: ["GET", "HEAD", "POST", "OPTIONS"],
    allowedHeaders: [
      "Authorization",
      "X-API-Key",
      "Content-Type",
      "If-None-Match",
      "X-Request-ID",
      "apollo-require-preflight",
    ],
    exposedHeaders: [
      "Content-Disposition",
      "ETag",
      "Link",
      "RateLimit",
      "RateLimit-Policy",
      "Retry-After",
      "WWW-Authenticate",
      "X-Request-ID",
    ],
    maxAge: 600,
    preflightContinue: true,
  });
}
