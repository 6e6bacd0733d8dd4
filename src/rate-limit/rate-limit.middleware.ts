import type { RequestHandler } from "express";
import { GraphQLError } from "graphql";
import type { Authenticate } from "../auth/authenticate.ts";
import { Failure } from "../errors.ts";
import {
  createCharges,
  POINTS_OF_A_REQUEST,
  type RateLimitedRequest,
  type RateLimitOptions,
  REQUEST_CHARGE,
} from "./charges.ts";
import { limitConnections } from "./limit-connections.ts";
import type { LimitedRequest, LimitedResponse } from "./limited-request.ts";
import { fingerprintOf } from "./recent-credentials.ts";

/** The most expensive page of 100 jobs costs less than this, so that it takes one point, as over REST. */
const COST_OF_A_POINT = 2500;

/** Charges the points of a GraphQL query beyond its first one. Throws RATE_LIMITED. */
export type ChargeCost = (response: LimitedResponse, cost: number) => Promise<void>;

/**
 * Counts requests per credential, and requests without a valid credential per address (draft-ietf-httpapi-ratelimit-headers).
 * An address over its limit is refused before authentication, which costs a statement, except for recently valid credentials.
 */
export function limitRequests(options: RateLimitOptions) {
  const charges = createCharges(options);
  const { recent, countAddressOnce, chargeAddress, chargeCredential, refuseBlockedAddress } = charges;

  /** Counts a request before its authentication. */
  async function countRequest(request: LimitedRequest, response: LimitedResponse): Promise<void> {
    const fingerprint = fingerprintOf(request);
    const limited: RateLimitedRequest = { request, response, fingerprint, isAddressCharged: false };
    response.locals.rateLimit = limited;
    const known = fingerprint === null ? undefined : recent.get(fingerprint);
    if (known !== undefined) {
      limited.credential = known;
      await chargeCredential(response, known, REQUEST_CHARGE);
      return;
    }
    refuseBlockedAddress(limited);
    if (fingerprint === null) await chargeAddress(limited);
    else chargeAddressUnlessAuthenticated(limited);
  }

  return {
    beforeAuthentication: (async (request, response, next) => {
      // Browsers send preflights without a credential.
      if (request.method !== "OPTIONS") await countRequest(request, response);
      next();
    }) satisfies RequestHandler,
    countRequest,
    ...limitConnections(charges),

    /** Charges the first request of a credential, and the address of a request that fails as UNAUTHENTICATED. */
    authenticate:
      (authenticate: Authenticate): Authenticate =>
      async (request: LimitedRequest, deadline) => {
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
          if (limited.isConnection !== true) await chargeCredential(response, limited.credential, REQUEST_CHARGE);
        }
        return viewer;
      },

    /** Throws a GraphQL error with the HTTP status, because Apollo Server sends the response. */
    chargeCost: (async (response, cost) => {
      const credential = response.locals.rateLimit?.credential;
      const morePoints = pointsOfCost(cost) - POINTS_OF_A_REQUEST;
      if (credential === undefined || morePoints === 0) return;
      const charge = { points: morePoints, limit: "query_cost" } as const;
      await chargeCredential(response, credential, charge).catch((failure: Failure) => {
        throw new GraphQLError(failure.message, {
          originalError: failure,
          extensions: { http: { status: failure.status } },
        });
      });
    }) satisfies ChargeCost,
  };

  /** Otherwise requests with an invented credential would not be counted on the paths that need no authentication. */
  function chargeAddressUnlessAuthenticated(limited: RateLimitedRequest): void {
    limited.response.on("finish", () => {
      if (limited.credential === undefined) void countAddressOnce(limited);
    });
  }
}

function pointsOfCost(cost: number): number {
  return Math.max(1, Math.ceil(cost / COST_OF_A_POINT));
}
