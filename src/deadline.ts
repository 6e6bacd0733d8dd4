import { Failure } from "./errors.ts";

/** The database was asked, and had not answered when the request had to be. */
export class DeadlinePassed extends Error {}

interface Waiter {
  readonly begin: () => void;
  readonly fail: (failure: Failure) => void;
}

/**
 * When a request must be answered, and the one place through which its statements go, one after another: so a request
 * holds at most one pool connection, however many fields of it read something.
 */
export class Deadline {
  /** A moment of `performance.now()`, in milliseconds. */
  readonly at: number;
  #isAbandoned = false;
  #isBusy = false;
  /** Most requests never have two statements ready at once, so the queue is made when it is needed. */
  #waiting: Waiter[] | null = null;
  #timer: NodeJS.Timeout | undefined;
  #onIdle: (() => void) | null = null;

  constructor(at: number) {
    this.at = at;
  }

  get msLeft(): number {
    return this.#isAbandoned ? 0 : this.at - performance.now();
  }

  /** Waits for the request's own statements before this one; fails as TIMEOUT where the deadline comes first. */
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

  /** Call it when the connection is free again, which may be after the deadline. */
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

  /** Nothing new is begun for this request: its client has left. */
  abandon(): void {
    this.#isAbandoned = true;
    this.#failWaiting();
  }

  /** Calls back when no statement of the request runs, which may be at once. */
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

/** For a caller who shares work with others: the work goes on when this caller gives up. */
export function waitFor<T>(work: Promise<T>, deadline: Deadline): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(timedOut()), Math.max(0, msLeft(deadline)));
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
