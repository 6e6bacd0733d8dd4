import { Failure } from "./errors.ts";

/** A moment of `performance.now()`, in milliseconds. */
export type Deadline = number;

/** The database was asked, and had not answered when the request had to be. */
export class DeadlinePassed extends Error {}

export function deadlineIn(ms: number): Deadline {
  return performance.now() + ms;
}

export function msLeft(deadline: Deadline): number {
  return deadline - performance.now();
}

/** For one of several who wait for the same work: it goes on, whoever gives up. */
export function waitFor<T>(work: Promise<T>, deadline: Deadline): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new Failure("TIMEOUT", { cause: new DeadlinePassed() })),
      Math.max(0, msLeft(deadline)),
    );
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
