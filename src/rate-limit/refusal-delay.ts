import { randomInt } from "node:crypto";
import type { Request } from "express";
import { addressKey } from "./client-address.ts";

const MAX_AT_ONCE_PER_SECOND = 20;
/** As long as `Retry-After: 1` asks a client to wait. Random, so that paused clients do not return all at once. */
const PAUSE_MS = { min: 1000, max: 2000 };
const REFUSALS: ReadonlySet<number> = new Set([401, 429, 503]);

/**
 * A client that ignores refusals sends its next request as soon as it has the response. Many such clients would keep the
 * event loop busy with refusals alone, so their responses wait. Responses to other addresses do not.
 */
export function createRefusalDelay() {
  let secondEndsAt = 0;
  let refusals = new Map<string, number>();
  return (request: Request, status: number, respond: () => void): void => {
    if (!REFUSALS.has(status)) {
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
    if (count <= MAX_AT_ONCE_PER_SECOND) respond();
    else setTimeout(respond, randomInt(PAUSE_MS.min, PAUSE_MS.max));
  };
}
