import { openServerUnderTest } from "../support/server-under-test.mjs";
import { insertData, JWT_SECRET } from "./data.mjs";
import { openLogWatch } from "./log-watch.mjs";

/** Long timeouts: a slow machine must not fail the run, but a request that hangs still does. */
const PATIENT = { DATABASE_POOL_SIZE: "50", STATEMENT_TIMEOUT_MS: "5000", REQUEST_TIMEOUT_MS: "6000" };

/** Starts a server over the fuzzer's data, and checks the server's log. */
export async function openFuzzedServer({ program }) {
  const watch = openLogWatch();
  const environment = { JWT_SECRET, ...PATIENT };
  const server = await openServerUnderTest({
    name: "fuzz",
    environment,
    program,
    fill: insertData,
    seeLine: watch.see,
  });
  let hasEnded = false;
  server.ended.then(() => {
    hasEnded = true;
  });
  return {
    ...server,
    keys: server.filled,
    /** Faults outside the responses: private data in the log, statements that still run, a server that has ended. */
    async faults() {
      const [{ running }] = await server.sql`select count(*)::int as running from pg_stat_activity
        where application_name = 'task-jobs-api' and state <> 'idle'`;
      return [
        ...watch.faults(),
        ...(running === 0 ? [] : [`${running} statements still run`]),
        ...(hasEnded ? ["the server has ended"] : []),
      ];
    },
  };
}
