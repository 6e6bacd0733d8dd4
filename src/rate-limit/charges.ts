import { LRUCache } from "lru-cache";
import { Failure } from "../errors.ts";
import { addressKey } from "./client-address.ts";
import type { ExceededLimit } from "./exceeded-limit.ts";
import type { LimitedRequest, LimitedResponse } from "./limited-request.ts";
import type { Quota, RateLimiter } from "./limiter.ts";
import { createRecentCredentials, type RecentCredential } from "./recent-credentials.ts";

/** The price of a REST request. A GraphQL request is charged this before its cost is known. */
export const POINTS_OF_A_REQUEST = 1;
/** An entry is a number with a key of at most 50 characters, so the cache takes at most 2 MB. */
const MAX_BLOCKED_ADDRESSES = 10_000;

export interface RateLimitOptions {
  readonly limiter: RateLimiter;
  readonly onRefusal: () => void;
}

export interface RateLimitedRequest {
  readonly request: LimitedRequest;
  readonly response: LimitedResponse;
  /** Null for an anonymous request. */
  readonly fingerprint: string | null;
  /** Whether this is a WebSocket connection, whose operations are counted instead. */
  readonly isConnection?: boolean;
  /** Undefined until the credential was authenticated by this or an earlier request. */
  credential?: RecentCredential;
  isAddressCharged: boolean;
}

interface Charge {
  readonly points: number;
  /** The limit that refuses the charge. */
  readonly limit: ExceededLimit;
}

/** The charge of a request before its cost is known. */
export const REQUEST_CHARGE: Charge = { points: POINTS_OF_A_REQUEST, limit: "credential_points" };

export type Charges = ReturnType<typeof createCharges>;

/** Charges credentials and addresses, and refuses those over their limit (draft-ietf-httpapi-ratelimit-headers). */
export function createCharges({ limiter, onRefusal }: RateLimitOptions) {
  const policy = `"default";q=${limiter.points};w=${limiter.windowSeconds}`;
  const recent = createRecentCredentials();
  const blockedUntil = new LRUCache<string, number>({ max: MAX_BLOCKED_ADDRESSES });

  function applyQuota(response: LimitedResponse, quota: Quota, limit: ExceededLimit): void {
    const seconds = Math.ceil(quota.resetMs / 1000);
    response.setHeader("RateLimit-Policy", policy);
    response.setHeader("RateLimit", `"default";r=${quota.remaining};t=${seconds}`);
    if (quota.admitted) return;
    response.setHeader("Retry-After", Math.max(1, seconds));
    response.locals.exceededLimit = limit;
    onRefusal();
    throw new Failure("RATE_LIMITED");
  }

  function refuseUntil(response: LimitedResponse, moment: number, limit: ExceededLimit): void {
    applyQuota(response, { admitted: false, remaining: 0, resetMs: moment - performance.now() }, limit);
  }

  async function countAddress(limited: RateLimitedRequest): Promise<Quota | null> {
    limited.isAddressCharged = true;
    const bucket = addressKey(limited.request.ip ?? "");
    const quota = await limiter.take(bucket, POINTS_OF_A_REQUEST);
    if (quota === null || quota.admitted) return quota;
    blockedUntil.set(bucket, performance.now() + quota.resetMs);
    return quota;
  }

  async function countAddressOnce(limited: RateLimitedRequest): Promise<void> {
    if (!limited.isAddressCharged) await countAddress(limited);
  }

  async function chargeAddress(limited: RateLimitedRequest): Promise<void> {
    const quota = await countAddress(limited);
    if (quota !== null) applyQuota(limited.response, quota, "address_points");
  }

  async function countCredential(credential: RecentCredential, points: number): Promise<Quota | null> {
    const quota = await limiter.take(credential.bucket, points);
    if (quota !== null && !quota.admitted) credential.refusedUntil = performance.now() + quota.resetMs;
    return quota;
  }

  async function chargeCredential(
    response: LimitedResponse,
    credential: RecentCredential,
    { points, limit }: Charge,
  ): Promise<void> {
    if (credential.refusedUntil > performance.now()) refuseUntil(response, credential.refusedUntil, limit);
    const quota = await countCredential(credential, points);
    if (quota !== null) applyQuota(response, quota, limit);
  }

  function refuseBlockedAddress({ request, response }: RateLimitedRequest): void {
    if (blockedUntil.size === 0) return;
    const bucket = addressKey(request.ip ?? "");
    const moment = blockedUntil.get(bucket) ?? 0;
    if (moment > performance.now()) refuseUntil(response, moment, "address_points");
    else blockedUntil.delete(bucket);
  }

  return {
    recent,
    countAddressOnce,
    chargeAddress,
    countCredential,
    chargeCredential,
    refuseBlockedAddress,
    refuseUntil,
  };
}
