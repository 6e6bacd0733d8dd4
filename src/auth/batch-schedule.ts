/** The longest time for which a batch waits for an earlier one, so that a backend that hangs delays no other batch. */
const MAX_WAIT_MS = 5;

/**
 * Decides when a DataLoader that many requests share sends its next batch: at once if no batch is running, and otherwise when
 * one has ended. Under load each batch then serves all requests that arrived during the one before.
 */
export function createBatchSchedule() {
  let running = 0;
  let sendWaiting: (() => void) | null = null;

  return {
    /** The `batchScheduleFn` of the loader. A loader schedules a batch only when it has sent the one before. */
    next(send: () => void): void {
      if (running === 0) {
        setImmediate(send);
        return;
      }
      const timer = setTimeout(() => sendWaiting?.(), MAX_WAIT_MS);
      sendWaiting = () => {
        sendWaiting = null;
        clearTimeout(timer);
        send();
      };
    },

    /** Runs a batch. */
    async run<T>(batch: () => Promise<T>): Promise<T> {
      running += 1;
      try {
        return await batch();
      } finally {
        running -= 1;
        sendWaiting?.();
      }
    },
  };
}
