import { setTimeout as delay } from "node:timers/promises";
import postgres from "postgres";
import { writeChanges } from "./watched-data.mjs";

/** Longer than a failover, because a commit waits until a standby has it. */
const TRANSACTION_TIMEOUT_MS = 8000;
const RETRY_AFTER_MS = 100;

/**
 * Opens a writer of chains: transactions each of which began after the one before was committed. After an error a new chain
 * begins, because the lost transaction may still be committed later.
 */
export function openWriter(url, name) {
  const connect = () =>
    postgres(url, {
      max: 2,
      onnotice: () => {},
      fetch_types: false,
      connect_timeout: 2,
      connection: { application_name: "writer" },
    });
  let sql = connect();
  let chain = 0;
  let position = 0;
  const statistics = { committed: 0, lost: 0 };

  return {
    statistics,
    /**
     * Resolves to whether the transaction was certainly committed. `hold` runs between the changes and the commit.
     * @param {object[]} changes of the same kind
     * @param {(() => Promise<void>) | undefined} [hold]
     */
    async commit(changes, hold) {
      position += 1;
      const ofChain = changes.map((change) => ({ ...change, chain: `${name} ${chain}`, position }));
      const timeout = new AbortController();
      try {
        const transaction = sql.begin(async (statements) => {
          await writeChanges(statements, ofChain);
          await hold?.();
        });
        const late = delay(TRANSACTION_TIMEOUT_MS, undefined, { signal: timeout.signal });
        await Promise.race([transaction, late.then(() => Promise.reject(new Error("no answer")))]);
        statistics.committed += 1;
        return true;
      } catch {
        statistics.lost += 1;
        chain += 1;
        void sql.end({ timeout: 0 }).catch(() => {});
        sql = connect();
        await delay(RETRY_AFTER_MS);
        return false;
      } finally {
        timeout.abort();
      }
    },
    close: () => sql.end({ timeout: 1 }).catch(() => {}),
  };
}
