import type { RequestHandler } from "express";
import type { Authenticate } from "../auth/authenticate.ts";
import type { Config } from "../config.ts";
import type { Log } from "../log.ts";
import { createConcurrencyLimit } from "./concurrency.ts";
import { openRateLimiter } from "./limiter.ts";
import { type ChargeCost, limitRequests } from "./rate-limit.middleware.ts";

interface RequestLimitsOptions {
  readonly log: Log;
  readonly onRefusal: (limit: "rate" | "overload") => void;
}

export type SocketLimits = Pick<
  ReturnType<typeof limitRequests>,
  "beforeConnection" | "identifyConnection" | "countRequest"
>;

export interface RequestLimits {
  /** Counts requests before authentication. Undefined without a rate limit, like `chargeCost`. */
  readonly beforeAuthentication?: RequestHandler;
  readonly chargeCost?: ChargeCost;
  /** The limits of WebSocket connections and their operations. Undefined without a rate limit. */
  readonly sockets?: SocketLimits;
  /** Adds the limits to the authentication of a request. */
  readonly authenticate: (authenticate: Authenticate) => Authenticate;
  readonly close: () => Promise<void>;
}

/**
 * Opens the limits of each caller: of requests at the same time, and, if a rate limit is configured, of requests in a time
 * window.
 */
export function openRequestLimits(config: Config, { log, onRefusal }: RequestLimitsOptions): RequestLimits {
  const concurrency = createConcurrencyLimit({
    slots: config.databasePoolSize,
    mayUseMoreAlone: config.rateLimit === null,
    onRefusal: () => onRefusal("overload"),
  });
  if (config.rateLimit === null) return { authenticate: concurrency.authenticate, close: async () => {} };
  const limiter = openRateLimiter(config.rateLimit, config, log);
  const rateLimit = limitRequests({ limiter, onRefusal: () => onRefusal("rate") });
  return {
    beforeAuthentication: rateLimit.beforeAuthentication,
    chargeCost: rateLimit.chargeCost,
    sockets: rateLimit,
    authenticate: (authenticate) => concurrency.authenticate(rateLimit.authenticate(authenticate)),
    close: limiter.close,
  };
}
