import type { IncomingMessage } from "node:http";
import type { Request, RequestHandler, Response } from "express";
import { GraphQLError } from "graphql";
import type { Authenticate } from "../auth/authenticate.ts";
import { Failure } from "../errors.ts";
import { addressKey } from "./client-address.ts";
import type { Quota, RateLimiter } from "./limiter.ts";
import { pointsOfCost } from "./points-of-cost.ts";
import { fingerprintOf, openRecentCredentials, type RecentCredential } from "./recent-credentials.ts";

/** A page by REST; a GraphQL query takes this before its cost is known. */
const POINTS_OF_A_REQUEST = 1;
const MAX_BLOCKED_ADDRESSES = 10_000;

interface RateLimitOptions {
  readonly limiter: RateLimiter;
  readonly onRefusal: () => void;
}

interface Asking {
  readonly request: Request;
  readonly response: Response;
  readonly fingerprint: string | null;
  /** Known from before, or once it was authenticated. */
  credential?: RecentCredential;
  /** Whether it has cost its address a point. */
  counted: boolean;
}

/** Undefined for a preflight. Not in a WeakMap: that keeps requests past a young collection, and cost 30 µs each. */
function askingOf(response: Response | undefined): Asking | undefined {
  return response?.locals.asking;
}

/** What a query of the caller's own costs beyond its first point. Fails where the limit does not suffice. */
export type ChargeCost = (response: Response, cost: number) => Promise<void>;

/**
 * Counts requests per credential, and those without a good one per address (draft-ietf-httpapi-ratelimit-headers). Once
 * an address has used up its points its requests are refused before they are authenticated, which costs a statement;
 * all but those of credentials that were good a moment ago.
 */
export function limitRequests({ limiter, onRefusal }: RateLimitOptions) {
  const policy = `"default";q=${limiter.points};w=${limiter.windowSeconds}`;
  const recent = openRecentCredentials();
  const blockedUntil = new Map<string, number>();

  function show(response: Response, quota: Quota): void {
    const seconds = Math.ceil(quota.resetMs / 1000);
    response.setHeader("RateLimit-Policy", policy);
    response.setHeader("RateLimit", `"default";r=${quota.remaining};t=${seconds}`);
    if (quota.admitted) return;
    response.setHeader("Retry-After", Math.max(1, seconds));
    onRefusal();
    throw new Failure("RATE_LIMITED");
  }

  function refuseUntil(response: Response, moment: number): void {
    show(response, { admitted: false, remaining: 0, resetMs: moment - performance.now() });
  }

  async function countAddress(asking: Asking): Promise<Quota | null> {
    asking.counted = true;
    const bucket = addressKey(asking.request.ip ?? "");
    const quota = await limiter.take(bucket, POINTS_OF_A_REQUEST);
    if (quota === null || quota.admitted) return quota;
    const oldest = blockedUntil.size < MAX_BLOCKED_ADDRESSES ? undefined : blockedUntil.keys().next().value;
    if (oldest !== undefined) blockedUntil.delete(oldest);
    blockedUntil.set(bucket, performance.now() + quota.resetMs);
    return quota;
  }

  async function chargeAddress(asking: Asking): Promise<void> {
    const quota = await countAddress(asking);
    if (quota !== null) show(asking.response, quota);
  }

  async function chargeCredential({ response }: Asking, credential: RecentCredential, points: number): Promise<void> {
    if (credential.refusedUntil > performance.now()) refuseUntil(response, credential.refusedUntil);
    const quota = await limiter.take(credential.bucket, points);
    if (quota === null) return;
    if (!quota.admitted) credential.refusedUntil = performance.now() + quota.resetMs;
    show(response, quota);
  }

  return {
    beforeAuthentication: (async (request, response, next) => {
      // A preflight is the browser's and carries no credential.
      if (request.method === "OPTIONS") return next();
      const asking: Asking = { request, response, fingerprint: fingerprintOf(request), counted: false };
      response.locals.asking = asking;
      if (asking.fingerprint === null) {
        refuseBlockedAddress(asking);
        await chargeAddress(asking);
        return next();
      }
      const known = recent.get(asking.fingerprint);
      if (known === undefined) {
        refuseBlockedAddress(asking);
        countWhenNeverAuthenticated(asking);
      } else {
        asking.credential = known;
        await chargeCredential(asking, known, POINTS_OF_A_REQUEST);
      }
      next();
    }) satisfies RequestHandler,

    /** A viewer who is over the limit fails as RATE_LIMITED, and so does a stranger whose address is. */
    authenticate:
      (authenticate: Authenticate): Authenticate =>
      async (request: IncomingMessage & { readonly res?: Response }, deadline) => {
        const asking = askingOf(request.res);
        const known = asking?.credential;
        const viewer = await authenticate(request, deadline).catch(async (error: unknown) => {
          if (asking !== undefined && error instanceof Failure && error.kind === "UNAUTHENTICATED") {
            if (asking.fingerprint !== null) recent.forget(asking.fingerprint);
            if (!asking.counted) await chargeAddress(asking);
          }
          throw error;
        });
        if (asking !== undefined && asking.fingerprint !== null && known === undefined) {
          asking.credential = recent.remember(asking.fingerprint, request, viewer);
          await chargeCredential(asking, asking.credential, POINTS_OF_A_REQUEST);
        }
        return viewer;
      },

    /** Fails with the status: by then Apollo answers. */
    chargeCost: (async (response, cost) => {
      const asking = askingOf(response);
      const morePoints = pointsOfCost(cost) - POINTS_OF_A_REQUEST;
      if (asking?.credential === undefined || morePoints === 0) return;
      await chargeCredential(asking, asking.credential, morePoints).catch((failure: Failure) => {
        throw new GraphQLError(failure.message, {
          originalError: failure,
          extensions: { http: { status: failure.status } },
        });
      });
    }) satisfies ChargeCost,
  };

  function refuseBlockedAddress({ request, response }: Asking): void {
    if (blockedUntil.size === 0) return;
    const bucket = addressKey(request.ip ?? "");
    const moment = blockedUntil.get(bucket) ?? 0;
    if (moment > performance.now()) refuseUntil(response, moment);
    else blockedUntil.delete(bucket);
  }

  /** A made-up credential must not open the paths that never ask for one. */
  function countWhenNeverAuthenticated(asking: Asking): void {
    asking.response.on("finish", () => {
      if (asking.credential === undefined && !asking.counted) void countAddress(asking);
    });
  }
}
