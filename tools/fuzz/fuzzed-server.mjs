import { openStage } from "../support/server-under-test.mjs";
import { fillWorld, JWT_SECRET } from "./data.mjs";
import { openLogWatch } from "./log-watch.mjs";

/** Long timeouts: a slow machine must not fail the run, but a request that hangs still does. */
const PATIENT = { DATABASE_POOL_SIZE: "50", STATEMENT_TIMEOUT_MS: "5000", REQUEST_TIMEOUT_MS: "6000" };

/** Starts a server over the fuzzer's data, and checks the server's log. */
export async function openFuzzStage({ program }) {
  const watch = openLogWatch();
  const environment = { JWT_SECRET, ...PATIENT };
  const stage = await openStage({ name: "fuzz", environment, program, fill: fillWorld, seeLine: watch.see });
  let hasEnded = false;
  stage.ended.then(() => {
    hasEnded = true;
  });
  return {
    ...stage,
    keys: stage.filled,
    /** Faults outside the responses: private data in the log, statements that still run, a server that has ended. */
    async faults() {
      const [{ running }] = await stage.sql`select count(*)::int as running from pg_stat_activity
        where application_name = 'task-jobs-api' and state <> 'idle'`;
      return [
        ...watch.faults(),
        ...(running === 0 ? [] : [`${running} statements still run`]),
        ...(hasEnded ? ["the server has ended"] : []),
      ];
    },
  };
}
