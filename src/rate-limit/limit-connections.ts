import type { RequestHandler } from "express";
import { type Charges, POINTS_OF_A_REQUEST, type RateLimitedRequest } from "./charges.ts";
import type { LimitedRequest, LimitedResponse } from "./limited-request.ts";
import { fingerprintOf } from "./recent-credentials.ts";

/** Counts WebSocket connections. Their operations are counted like requests. */
export function limitConnections(charges: Charges) {
  const { recent, countAddressOnce, chargeAddress, countCredential, refuseBlockedAddress, refuseUntil } = charges;

  /** `known` is undefined for a credential that was not authenticated before. */
  function identify(request: LimitedRequest, response: LimitedResponse) {
    const fingerprint = fingerprintOf(request);
    const limited: RateLimitedRequest = {
      request,
      response,
      fingerprint,
      isConnection: true,
      isAddressCharged: false,
    };
    return { limited, known: fingerprint === null ? undefined : recent.get(fingerprint) };
  }

  return {
    /**
     * Refuses a WebSocket connection from an address over its limit. A connection without a valid credential is counted for the
     * address, and one without operations for the credential, because each costs a statement.
     */
    beforeConnection: ((request, response, next) => {
      const { limited, known } = identify(request, response);
      if (known === undefined) refuseBlockedAddress(limited);
      response.locals.rateLimit = limited;
      response.on("close", () => {
        const { rateLimit, hasOperations } = response.locals;
        if (rateLimit?.credential === undefined) void countAddressOnce(rateLimit ?? limited);
        else if (hasOperations !== true) void countCredential(rateLimit.credential, POINTS_OF_A_REQUEST);
      });
      next();
    }) satisfies RequestHandler,

    /** Prepares the authentication of a connection whose credential came in its first message. */
    async identifyConnection(request: LimitedRequest, response: LimitedResponse): Promise<void> {
      const { limited, known } = identify(request, response);
      response.locals.rateLimit = limited;
      if (known === undefined) refuseBlockedAddress(limited);
      if (limited.fingerprint === null) await chargeAddress(limited);
      if (known === undefined) return;
      limited.credential = known;
      if (known.refusedUntil > performance.now()) refuseUntil(response, known.refusedUntil, "credential_points");
    },
  };
}
