import { Failure } from "../errors.ts";

/** The cause of a TIMEOUT failure whose statement had not finished at the deadline of its request. */
export class DeadlinePassed extends Error {}

interface Waiter {
  readonly begin: () => void;
  readonly fail: (failure: Failure) => void;
}

/**
 * The deadline of a request and the queue of its statements, which run one after another. A request therefore holds at most
 * one pool connection, however many of its fields read rows.
 */
export class Deadline {
  /** The deadline as a value of `performance.now()`, in milliseconds. */
  readonly at: number;
  #isAbandoned = false;
  #isBusy = false;
  /** Created on first use, because most requests never have two statements ready at once. */
  #waiting: Waiter[] | null = null;
  #timer: NodeJS.Timeout | undefined;
  #onIdle: (() => void) | null = null;
  readonly #parent: Deadline | null;

  constructor(at: number, parent: Deadline | null = null) {
    this.at = at;
    this.#parent = parent;
  }

  /** Whether statements fail because the client has disconnected, and not because the database is slow. */
  get isAbandoned(): boolean {
    return this.#isAbandoned || this.#parent?.isAbandoned === true;
  }

  get msLeft(): number {
    if (this.#isAbandoned || (this.#parent !== null && this.#parent.msLeft <= 0)) return 0;
    return this.at - performance.now();
  }

  /** A deadline for one try of a statement, with a queue of its own. It ends with this deadline at the latest. */
  within(ms: number): Deadline {
    return new Deadline(Math.min(this.at, performance.now() + ms), this);
  }

  /** Waits until earlier statements of the request have finished. Fails as TIMEOUT if the deadline comes first. */
  enter(): Promise<void> | undefined {
    if (this.msLeft <= 0) throw timedOut();
    if (!this.#isBusy) {
      this.#isBusy = true;
      return undefined;
    }
    this.#waiting ??= [];
    this.#timer ??= setTimeout(() => this.#failWaiting(), this.msLeft);
    return new Promise((begin, fail) => this.#waiting?.push({ begin, fail }));
  }

  /** Call this function when the connection is free again, which may be after the deadline. */
  leave(): void {
    const next = this.msLeft > 0 ? this.#waiting?.shift() : undefined;
    if (next !== undefined) {
      next.begin();
      return;
    }
    this.#isBusy = false;
    this.#failWaiting();
    this.#onIdle?.();
    this.#onIdle = null;
  }

  /** Prevents new statements, because the client of this request has disconnected. */
  abandon(): void {
    this.#isAbandoned = true;
    this.#failWaiting();
  }

  /** Calls the callback when no statement of the request runs, possibly at once. */
  whenIdle(callback: () => void): void {
    if (this.#isBusy) this.#onIdle = callback;
    else callback();
  }

  #failWaiting(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const { fail } of this.#waiting?.splice(0) ?? []) fail(timedOut());
  }
}

function timedOut(): Failure {
  return new Failure("TIMEOUT", { cause: new DeadlinePassed() });
}

export function deadlineIn(ms: number): Deadline {
  return new Deadline(performance.now() + ms);
}

export function msLeft(deadline: Deadline): number {
  return deadline.msLeft;
}

interface WaitLimits {
  /** How long to wait; without it there is no time limit. */
  readonly ms?: number | undefined;
  /** Creates the error of a wait that took too long; the default is TIMEOUT. */
  readonly timeoutError?: () => Error;
  /** Ends the wait with the reason of this signal. */
  readonly signal?: AbortSignal;
}

/** Limits how long a caller waits for the work. The work itself continues, because other callers may wait for it too. */
export function waitFor<T>(work: Promise<T>, { ms, timeoutError = timedOut, signal }: WaitLimits): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = ms === undefined ? undefined : setTimeout(() => reject(timeoutError()), Math.max(0, ms));
    const abort = () => reject(signal?.reason);
    signal?.addEventListener("abort", abort);
    if (signal?.aborted) abort();
    const stopWaiting = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", abort);
    };
    work.then(resolve, reject).finally(stopWaiting);
  });
}
