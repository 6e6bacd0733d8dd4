import type { ServerResponse } from "node:http";
import type { Response } from "express";
import onHeaders from "on-headers";
import type { Authenticate } from "../auth/authenticate.ts";
import { Failure } from "../errors.ts";
import { type Deadline, msLeft } from "../values/deadline.ts";
import { createFairSlots, type FairSlots, type QueuedSlot } from "../values/fair-slots.ts";
import { addressKey } from "./client-address.ts";
import { createLoadMeter } from "./event-loop-load.ts";
import type { ExceededLimit } from "./exceeded-limit.ts";
import type { LimitedRequest, LimitedResponse } from "./limited-request.ts";
import { createIdentityCache, fingerprintOf } from "./recent-credentials.ts";

/** The longest queue of one user and of all users. Each waiting request keeps its socket in memory. */
const QUEUE = { maxWaiting: 500, maxWaitingInAll: 2000 };
/** The share of its time that a request may spend in the queue. The rest remains for its statements. */
const WAITING_SHARE = 0.8;

/** The slot of a request, which is freed when the response starts or the client disconnects. */
export class RequestSlot {
  #slots: FairSlots | null = null;
  #identity: string | null = null;
  #queued: QueuedSlot | undefined;
  #hasEnded = false;

  readonly #userSlots: FairSlots;

  constructor(userSlots: FairSlots) {
    this.#userSlots = userSlots;
  }

  /** Exchanges the current slot for a slot of this identity, and waits for it. Throws UNAVAILABLE. */
  async take(identity: string, deadline: Deadline, slots = this.#userSlots): Promise<void> {
    if (this.#identity === identity) return;
    this.free();
    if (this.#hasEnded) throw new Failure("UNAVAILABLE");
    this.#queued = slots.take(identity, msLeft(deadline) * WAITING_SHARE);
    if (this.#queued !== undefined) await this.#queued.granted;
    this.#queued = undefined;
    if (this.#hasEnded) {
      slots.free(identity);
      throw new Failure("UNAVAILABLE");
    }
    this.#slots = slots;
    this.#identity = identity;
  }

  readonly free = (): void => {
    if (this.#identity !== null) this.#slots?.free(this.#identity);
    this.#identity = null;
  };

  /** Frees the slot when the last statement has finished, which may be after the response, because it uses a connection. */
  end(deadline: Deadline): void {
    this.#hasEnded = true;
    this.#queued?.cancel();
    deadline.whenIdle(this.free);
  }
}

interface ConcurrencyOptions {
  /** How many requests run at once. */
  readonly slots: number;
  /** Whether one user may have more than a quarter of the slots while no other user sends requests. */
  readonly mayUseMoreAlone: boolean;
  readonly onRefusal: () => void;
}

/**
 * Limits how many requests of one user run at once. A known credential waits in the queue of its last known user and an
 * unknown credential in the queue of its address, so that one user's queue does not delay other users.
 */
export function createConcurrencyLimit({ slots, mayUseMoreAlone, onRefusal }: ConcurrencyOptions) {
  const perUser = Math.ceil(slots / 4);
  const most = Math.max(1, slots - perUser);
  const isBusy = createLoadMeter();
  const userSlots = createFairSlots({
    slots,
    perHolder: (_user, isAlone) => {
      if (isAlone && mayUseMoreAlone) return most;
      return isBusy() ? 1 : perUser;
    },
    ...QUEUE,
  });
  // One statement authenticates many keys, and all new callers behind a proxy share its address.
  const addressSlots = createFairSlots({ slots: most, perHolder: () => (isBusy() ? perUser : most), ...QUEUE });
  const identities = createIdentityCache();

  return {
    /** Waits for a slot and then authenticates. A statement checks every credential, so that a revoked key fails at once. */
    authenticate:
      (authenticate: Authenticate): Authenticate =>
      async (request: LimitedRequest, deadline) => {
        const { res: response } = request;
        const fingerprint = fingerprintOf(request);
        if (fingerprint === null || response === undefined) return authenticate(request, deadline);
        // The client may have left while the shared rate limit counted the request, and `close`, which frees the slot, is
        // emitted only once.
        if (response.closed) throw new Failure("UNAVAILABLE");
        const slot = new RequestSlot(userSlots);
        response.locals.slot = slot;
        onHeaders(response as Response, endSlot);
        response.once("close", abandonRequest);

        const known = identities.get(fingerprint);
        const first =
          known === undefined
            ? slot.take(addressKey(request.ip ?? ""), deadline, addressSlots)
            : slot.take(known, deadline);
        await first.catch(refuse(response, known === undefined ? "address_queue" : "user_queue"));
        try {
          const viewer = await authenticate(request, deadline);
          if (known !== viewer.userId) {
            identities.set(fingerprint, viewer.userId);
            await slot.take(viewer.userId, deadline).catch(refuse(response, "user_queue"));
          }
          return viewer;
        } catch (error) {
          // The response of a refusal may be delayed.
          slot.end(deadline);
          if (error instanceof Failure && error.kind === "UNAUTHENTICATED") identities.delete(fingerprint);
          throw error;
        }
      },
  };

  function refuse(response: LimitedResponse, limit: ExceededLimit): (failure: unknown) => never {
    return (failure) => {
      if (!response.closed) response.locals.exceededLimit = limit;
      onRefusal();
      throw failure;
    };
  }
}

function endSlot(this: ServerResponse): void {
  const { slot, deadline } = (this as Response).locals;
  slot?.end(deadline);
}

function abandonRequest(this: Response): void {
  this.locals.deadline.abandon();
  this.locals.slot?.end(this.locals.deadline);
}
