import type { RequestHandler } from "express";
import helmet from "helmet";

/**
 * Security headers for responses that contain data; the pages for people set their own policies.
 * `Strict-Transport-Security` is left to the proxy that terminates TLS, because RFC 6797 forbids it over plain HTTP.
 */
export const securityHeaders: RequestHandler = helmet({
  contentSecurityPolicy: { useDefaults: false, directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] } },
  // Prevents other sites from embedding a response. Requests from allowed CORS origins still work.
  crossOriginResourcePolicy: { policy: "same-origin" },
  referrerPolicy: { policy: "no-referrer" },
  xContentTypeOptions: true,
  crossOriginOpenerPolicy: false,
  originAgentCluster: false,
  strictTransportSecurity: false,
  xDnsPrefetchControl: false,
  xDownloadOptions: false,
  xFrameOptions: false,
  xPermittedCrossDomainPolicies: false,
  xPoweredBy: false,
  xXssProtection: false,
});
