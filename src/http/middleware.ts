import type { RequestHandler } from "express";
import type { CredentialFault } from "../auth/credential-fault.ts";
import type { Viewer } from "../auth/viewer.ts";
import type { RateLimitedRequest } from "../rate-limit/charges.ts";
import type { RequestSlot } from "../rate-limit/concurrency.ts";
import type { ExceededLimit } from "../rate-limit/exceeded-limit.ts";
import { type Deadline, deadlineIn } from "../values/deadline.ts";

/** The data that middleware stores in `response.locals` for the handlers that follow. */
interface RequestLocals {
  requestId: string;
  /** The path under which a proxy publishes this server, or `""`. */
  pathPrefix: string;
  /** Set for paths that may read the database. */
  deadline: Deadline;
  /** Undefined without a rate limit. */
  rateLimit?: RateLimitedRequest;
  /** Undefined for a request without a credential. */
  slot?: RequestSlot;
  /** Set by `/graphql` only, like `body` and `operation`. */
  viewer: Viewer;
  /** Whether the request was sent with HEAD, which is handled as GET. */
  isHead?: boolean;
  /** The body before it is decompressed and parsed. */
  body: Buffer;
  /** The root field for the metrics. */
  operation?: string;
  /** The name of the operation of a trusted document. */
  trustedOperation?: string;
  /** Whether the response is a stream, whose duration is that of a connection and says nothing about the server. */
  isStream?: boolean;
  /** Why the credential was refused, for the log. */
  credentialFault?: CredentialFault;
  /** The limit that refused the request, for the log. */
  exceededLimit?: ExceededLimit;
  /** The bytes that followed the headers of a WebSocket handshake. */
  upgradeHead?: Buffer;
  /** Whether a WebSocket connection has run an operation. */
  hasOperations?: boolean;
}

declare global {
  namespace Express {
    interface Locals extends RequestLocals {}
  }
}

/** Lets private caches store a response only if they revalidate it, because the response depends on the caller. */
export const setCacheHeaders: RequestHandler = (_request, response, next) => {
  response.setHeader("Cache-Control", "private, no-cache");
  response.vary("Accept, Accept-Encoding, Authorization, X-API-Key");
  next();
};

/**
 * Starts the deadline of a request. `/graphql` restarts it when a slow body has arrived, because the deadline limits the
 * server's work and not the upload.
 */
export function startDeadline(requestTimeoutMs: number): RequestHandler {
  return (_request, response, next) => {
    response.locals.deadline = deadlineIn(requestTimeoutMs);
    next();
  };
}
