import { openStage } from "../support/stage.mjs";
import { openLogWatch } from "./log-watch.mjs";
import { fillWorld, JWT_SECRET } from "./world.mjs";

/** A machine that is busy with something else is no finding; what hangs still is. */
const PATIENT = { DATABASE_POOL_SIZE: "50", STATEMENT_TIMEOUT_MS: "5000", REQUEST_TIMEOUT_MS: "6000" };

/** The fuzzer's world with the server over it, whose log is read along. */
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
    /** What no single answer shows: lines of the log, statements that still run, a process that is gone. */
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
