interface OperationResults<T> {
  readonly results: AsyncGenerator<T, void, void>;
  /** Resolves when the messages so far have left the process. */
  readonly whenSent: () => Promise<void>;
  /** Aborts the statements of the operation. */
  readonly abort: () => void;
  /** Called once, when the operation has ended and its messages have left the process. */
  readonly onEnd: () => void;
}

const DONE = { done: true, value: undefined } as const;

/**
 * Results that end for their reader as soon as `return` is called, although the operation ends only with its current statement:
 * graphql-ws knows an operation by its id alone, and the client may use the id again as soon as it has completed the operation.
 */
export function createOperationResults<T>(options: OperationResults<T>): AsyncGenerator<T, void, void> {
  const { results, whenSent, abort, onEnd } = options;
  let hasEnded = false;
  let interrupt = () => {};

  async function end(): Promise<void> {
    if (hasEnded) return;
    hasEnded = true;
    interrupt();
    abort();
    await results.return();
    await whenSent();
    onEnd();
  }

  async function read(): Promise<IteratorResult<T, void>> {
    // Without this wait, results for a slow client would collect in memory.
    await whenSent();
    return hasEnded ? DONE : results.next();
  }

  const reader: AsyncGenerator<T, void, void> = {
    async next() {
      const interrupted = new Promise<typeof DONE>((resolve) => {
        interrupt = () => resolve(DONE);
      });
      try {
        const next = await Promise.race([interrupted, read()]);
        if (next.done) void end();
        return next;
      } catch (error) {
        void end();
        throw error;
      }
    },
    async return() {
      void end();
      return DONE;
    },
    async throw(error: unknown) {
      void end();
      throw error;
    },
    [Symbol.asyncIterator]: () => reader,
    [Symbol.asyncDispose]: () => end(),
  };
  return reader;
}
