import { randomInt } from "node:crypto";
import type { Failure, FailureKind } from "../errors.ts";
import { QueueFull } from "../values/fair-slots.ts";
import { addressKey } from "./client-address.ts";
import type { LimitedRequest } from "./limited-request.ts";

const MAX_IMMEDIATE_PER_SECOND = 20;
/** At least as long as `Retry-After: 1` asks for. Random, so that delayed clients do not all return at the same time. */
const DELAY_MS = { min: 1000, max: 1900 };
const REFUSALS: ReadonlySet<FailureKind> = new Set<FailureKind>(["UNAUTHENTICATED", "RATE_LIMITED"]);

/**
 * Delays refusals to an address above 20 per second, but not failures of a dependency, such as the database. Clients that
 * ignore `Retry-After` send their next request as soon as they have the response, and many of them would keep the event
 * loop busy with refusals.
 */
export function createRefusalDelay() {
  let secondEndsAt = 0;
  let refusals = new Map<string, number>();
  return (request: Pick<LimitedRequest, "ip">, failure: Failure, respond: () => void): void => {
    if (!REFUSALS.has(failure.kind) && !(failure instanceof QueueFull)) {
      respond();
      return;
    }
    const now = performance.now();
    if (now > secondEndsAt) {
      secondEndsAt = now + 1000;
      refusals = new Map();
    }
    const address = addressKey(request.ip ?? "");
    const count = (refusals.get(address) ?? 0) + 1;
    refusals.set(address, count);
    if (count <= MAX_IMMEDIATE_PER_SECOND) respond();
    else setTimeout(respond, randomInt(DELAY_MS.min, DELAY_MS.max));
  };
}
