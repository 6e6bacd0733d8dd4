import type { IncomingMessage } from "node:http";
import type { Request, RequestHandler, Response } from "express";
import { GraphQLError } from "graphql";
import { LRUCache } from "lru-cache";
import type { Authenticate } from "../auth/authenticate.ts";
import { Failure } from "../errors.ts";
import { addressKey } from "./client-address.ts";
import type { Quota, RateLimiter } from "./limiter.ts";
import { createRecentCredentials, fingerprintOf, type RecentCredential } from "./recent-credentials.ts";

/** The price of a REST request. A GraphQL request is charged this before its cost is known. */
const POINTS_OF_A_REQUEST = 1;
/** The most expensive page of 100 jobs costs 2,459 (`src/graphql/limits/limits.ts`) and takes one point, as over REST. */
const COST_OF_A_POINT = 2500;
/** An entry is a number with a key of at most 50 characters, so the cache takes at most 2 MB. */
const MAX_BLOCKED_ADDRESSES = 10_000;

interface RateLimitOptions {
  readonly limiter: RateLimiter;
  readonly onRefusal: () => void;
}

export interface RateLimitedRequest {
  readonly request: Request;
  readonly response: Response;
  /** Null for an anonymous request. */
  readonly fingerprint: string | null;
  /** Undefined until the credential was authenticated by this or an earlier request. */
  credential?: RecentCredential;
  isAddressCharged: boolean;
}

/** Charges the points of a GraphQL query beyond its first one. Throws RATE_LIMITED. */
export type ChargeCost = (response: Response, cost: number) => Promise<void>;

/**
 * Counts requests per credential, and requests without a valid credential per address (draft-ietf-httpapi-ratelimit-headers).
 * An address over its limit is refused before authentication, which costs a statement, except for recently valid credentials.
 */
export function limitRequests({ limiter, onRefusal }: RateLimitOptions) {
  const policy = `"default";q=${limiter.points};w=${limiter.windowSeconds}`;
  const recent = createRecentCredentials();
  const blockedUntil = new LRUCache<string, number>({ max: MAX_BLOCKED_ADDRESSES });

  function applyQuota(response: Response, quota: Quota): void {
    const seconds = Math.ceil(quota.resetMs / 1000);
    response.setHeader("RateLimit-Policy", policy);
    response.setHeader("RateLimit", `"default";r=${quota.remaining};t=${seconds}`);
    if (quota.admitted) return;
    response.setHeader("Retry-After", Math.max(1, seconds));
    onRefusal();
    throw new Failure("RATE_LIMITED");
  }

  function refuseUntil(response: Response, moment: number): void {
    applyQuota(response, { admitted: false, remaining: 0, resetMs: moment - performance.now() });
  }

  async function countAddress(limited: RateLimitedRequest): Promise<Quota | null> {
    limited.isAddressCharged = true;
    const bucket = addressKey(limited.request.ip ?? "");
    const quota = await limiter.take(bucket, POINTS_OF_A_REQUEST);
    if (quota === null || quota.admitted) return quota;
    blockedUntil.set(bucket, performance.now() + quota.resetMs);
    return quota;
  }

  async function chargeAddress(limited: RateLimitedRequest): Promise<void> {
    const quota = await countAddress(limited);
    if (quota !== null) applyQuota(limited.response, quota);
  }

  async function chargeCredential(response: Response, credential: RecentCredential, points: number): Promise<void> {
    if (credential.refusedUntil > performance.now()) refuseUntil(response, credential.refusedUntil);
    const quota = await limiter.take(credential.bucket, points);
    if (quota === null) return;
    if (!quota.admitted) credential.refusedUntil = performance.now() + quota.resetMs;
    applyQuota(response, quota);
  }

  return {
    beforeAuthentication: (async (request, response, next) => {
      // Browsers send preflights without a credential.
      if (request.method === "OPTIONS") return next();
      const fingerprint = fingerprintOf(request);
      const limited: RateLimitedRequest = { request, response, fingerprint, isAddressCharged: false };
      response.locals.rateLimit = limited;
      const known = fingerprint === null ? undefined : recent.get(fingerprint);
      if (known !== undefined) {
        limited.credential = known;
        await chargeCredential(response, known, POINTS_OF_A_REQUEST);
        return next();
      }
      refuseBlockedAddress(limited);
      if (fingerprint === null) await chargeAddress(limited);
      else chargeAddressUnlessAuthenticated(limited);
      next();
    }) satisfies RequestHandler,

    /** Charges the first request of a credential, and the address of a request that fails as UNAUTHENTICATED. */
    authenticate:
      (authenticate: Authenticate): Authenticate =>
      async (request: IncomingMessage & { readonly res?: Response }, deadline) => {
        const limited = request.res?.locals.rateLimit;
        if (limited === undefined) return authenticate(request, deadline);
        const { fingerprint, response, credential: known } = limited;
        const viewer = await authenticate(request, deadline).catch(async (error: unknown) => {
          if (error instanceof Failure && error.kind === "UNAUTHENTICATED") {
            if (fingerprint !== null) recent.forget(fingerprint);
            if (!limited.isAddressCharged) await chargeAddress(limited);
          }
          throw error;
        });
        if (fingerprint !== null && known === undefined) {
          limited.credential = recent.remember(fingerprint, request, viewer);
          await chargeCredential(response, limited.credential, POINTS_OF_A_REQUEST);
        }
        return viewer;
      },

    /** Throws a GraphQL error with the HTTP status, because Apollo Server sends the response. */
    chargeCost: (async (response, cost) => {
      const credential = response.locals.rateLimit?.credential;
      const morePoints = pointsOfCost(cost) - POINTS_OF_A_REQUEST;
      if (credential === undefined || morePoints === 0) return;
      await chargeCredential(response, credential, morePoints).catch((failure: Failure) => {
        throw new GraphQLError(failure.message, {
          originalError: failure,
          extensions: { http: { status: failure.status } },
        });
      });
    }) satisfies ChargeCost,
  };

  function refuseBlockedAddress({ request, response }: RateLimitedRequest): void {
    if (blockedUntil.size === 0) return;
    const bucket = addressKey(request.ip ?? "");
    const moment = blockedUntil.get(bucket) ?? 0;
    if (moment > performance.now()) refuseUntil(response, moment);
    else blockedUntil.delete(bucket);
  }

  /** Otherwise requests with an invented credential would not be counted on the paths that need no authentication. */
  function chargeAddressUnlessAuthenticated(limited: RateLimitedRequest): void {
    limited.response.on("finish", () => {
      if (limited.credential === undefined && !limited.isAddressCharged) void countAddress(limited);
    });
  }
}

function pointsOfCost(cost: number): number {
  return Math.max(1, Math.ceil(cost / COST_OF_A_POINT));
}
