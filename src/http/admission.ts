import type { IncomingMessage } from "node:http";
import type { Request, Response } from "express";
import type { Authenticate } from "../auth/authenticate.ts";
import { type Deadline, msLeft } from "../deadline.ts";
import { Failure } from "../errors.ts";
import { addressBucket } from "../rate-limit/address-bucket.ts";
import { createFairSlots, type FairSlots, type QueuedSlot } from "../rate-limit/fair-slots.ts";
import { createIdentityCache, fingerprintOf } from "../rate-limit/recent-credentials.ts";
import { ANSWER_BEGINS } from "./express-messages.ts";

/** Of one user, and of all. Each that waits holds its request and its socket, about 10 KB. */
const QUEUE = { maxWaiting: 500, maxWaitingInAll: 2000 };
/** The part of a request's time that it may spend in the queue: what is left is for its statements. */
const WAITING_SHARE = 0.8;

/** A request's place among the requests at work. It is given up when the response begins or the client leaves. */
class Admission {
  #slots: FairSlots | null = null;
  #identity: string | null = null;
  #queued: QueuedSlot | undefined;
  #isOver = false;

  readonly #userSlots: FairSlots;

  constructor(userSlots: FairSlots) {
    this.#userSlots = userSlots;
  }

  /** Waits for a slot of this identity, in place of the one that is held. Fails as UNAVAILABLE. */
  async take(identity: string, deadline: Deadline, slots = this.#userSlots): Promise<void> {
    if (this.#identity === identity) return;
    this.free();
    if (this.#isOver) throw new Failure("UNAVAILABLE");
    this.#queued = slots.take(identity, msLeft(deadline) * WAITING_SHARE);
    if (this.#queued !== undefined) await this.#queued.granted;
    this.#queued = undefined;
    this.#slots = slots;
    this.#identity = identity;
  }

  readonly free = (): void => {
    if (this.#identity !== null) this.#slots?.free(this.#identity);
    this.#identity = null;
  };

  /** The last statement may outlast the response; until then its connection counts as this identity's. */
  end(deadline: Deadline): void {
    this.#isOver = true;
    this.#queued?.cancel();
    deadline.whenIdle(this.free);
  }
}

interface AdmissionOptions {
  /** How many requests are at work at once. */
  readonly slots: number;
  /** Whether a user may have more than a quarter of them while no other user asks for anything. */
  readonly mayUseMoreAlone: boolean;
  readonly onRefusal: () => void;
}

/**
 * Every request that has a credential is admitted before anything is done for it. A known credential waits as the user it
 * belonged to last time, an unknown one as its address, so that the queue of one user delays nobody else.
 */
export function createAdmission({ slots, mayUseMoreAlone, onRefusal }: AdmissionOptions) {
  const perUser = Math.ceil(slots / 4);
  const most = Math.max(1, slots - perUser);
  const fairSlots = createFairSlots({
    slots,
    perHolder: (_user, isAlone) => (isAlone && mayUseMoreAlone ? most : perUser),
    ...QUEUE,
  });
  // Many keys are authenticated by one statement, and all newcomers behind a proxy share its address.
  const addressSlots = createFairSlots({ slots: most, perHolder: () => most, ...QUEUE });
  const identities = createIdentityCache();

  return {
    /** The credential is still checked by a statement, so that a revoked key fails at once. */
    authenticate:
      (authenticate: Authenticate): Authenticate =>
      async (request: IncomingMessage & { readonly res?: Response }, deadline) => {
        const { res: response } = request;
        const fingerprint = fingerprintOf(request);
        if (fingerprint === null || response === undefined) return authenticate(request, deadline);
        const admission = new Admission(fairSlots);
        response.locals.admission = admission;
        response.once(ANSWER_BEGINS, endAdmission);
        response.once("close", abandonRequest);

        const known = identities.get(fingerprint);
        const first =
          known === undefined
            ? admission.take(addressBucket((request as Request).ip ?? ""), deadline, addressSlots)
            : admission.take(known, deadline);
        await first.catch(countRefusal);
        try {
          const viewer = await authenticate(request, deadline);
          if (known !== viewer.userId) {
            identities.set(fingerprint, viewer.userId);
            await admission.take(viewer.userId, deadline).catch(countRefusal);
          }
          return viewer;
        } catch (error) {
          if (error instanceof Failure && error.kind === "UNAUTHENTICATED") identities.delete(fingerprint);
          throw error;
        }
      },
  };

  function countRefusal(failure: unknown): never {
    onRefusal();
    throw failure;
  }
}

function endAdmission(this: Response): void {
  this.locals.admission.end(this.locals.deadline);
}

function abandonRequest(this: Response): void {
  this.locals.deadline.abandon();
  this.locals.admission.end(this.locals.deadline);
}
