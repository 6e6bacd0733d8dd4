/** A moment of `performance.now()`, in milliseconds. */
export type Deadline = number;

export function deadlineIn(ms: number): Deadline {
  return performance.now() + ms;
}

export function msLeft(deadline: Deadline): number {
  return deadline - performance.now();
}
