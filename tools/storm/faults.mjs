import http from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import postgres from "postgres";
import { integerBelow } from "../support/random.mjs";
import { send } from "./clients.mjs";
import { TRAP } from "./data.mjs";
import { ENDPOINTS } from "./endpoints.mjs";
import { createFailover } from "./failover.mjs";

/** The time between two attempts to find a backend. */
const RETRY_AFTER_MS = 10;
const MAX_TRIES = 500;
/** A new connection takes 10 ms, or 100 ms on a busy machine. */
const STUCK_AFTER_MS = 500;

/**
 * Returns false if the process has ended, because a kill may hit a backend between its choice and its freeze. The caller then
 * chooses another.
 */
export function stopProcess(pid) {
  try {
    return process.kill(pid, "SIGSTOP");
  } catch (error) {
    if (error.code === "ESRCH") return false;
    throw error;
  }
}

/** The faults of a run. Each resolves when it is over, and is written to the history when it takes effect. */
export function openFaults({ databaseUrl, origin, trapKey, history, random, replication }) {
  const options = { fetch_types: false, onnotice: () => {}, connection: { application_name: "storm" } };
  const sql = postgres(databaseUrl, { max: 8, ...options });
  const agent = new http.Agent({ keepAlive: true });
  const frozen = new Set();

  /** Calls `work` for randomly chosen backends of the server until it returns true, and returns that pid. */
  async function onRandomBackend(work) {
    for (let attempt = 0; attempt < MAX_TRIES; attempt++) {
      const [backend] = await sql`
        select pid from pg_stat_activity
        where application_name = 'task-jobs-api' and pid <> all (${`{${[...frozen]}}`}::int[])
        order by md5(pid::text || ${String(random())}) limit 1`;
      if (backend !== undefined && (await work(backend.pid))) return backend.pid;
      await delay(RETRY_AFTER_MS);
    }
    throw new Error("the server has no backends left");
  }

  function thaw(pid) {
    if (frozen.delete(pid)) process.kill(pid, "SIGCONT");
  }

  /** False if the frozen backend holds a lock that all others need, which would freeze the whole database. */
  async function canOthersConnect() {
    const probe = postgres(databaseUrl, { max: 1, ...options });
    const answer = probe`select 1`.then(
      () => true,
      () => false,
    );
    const isFree = await Promise.race([answer, delay(STUCK_AFTER_MS, false)]);
    void probe.end({ timeout: 5 });
    return isFree;
  }

  return {
    async kill() {
      const pid = await onRandomBackend(async (pid) => {
        const [row] = await sql`select pg_terminate_backend(${pid}) as is_killed`;
        return row?.is_killed;
      });
      history.note({ event: "fault", fault: "kill", pid });
    },

    async freeze(ms) {
      const until = Date.now() + ms;
      const pid = await onRandomBackend(async (pid) => {
        if (!stopProcess(pid)) return false;
        frozen.add(pid);
        if (await canOthersConnect()) return true;
        thaw(pid);
        return false;
      });
      history.note({ event: "fault", fault: "freeze", pid, ms });
      await delay(Math.max(0, until - Date.now()));
      thaw(pid);
    },

    /** Requests a page with a row that PostgreSQL cannot send. The checker verifies that the response is an error. */
    async trap() {
      const page = { owner: TRAP.user, task: TRAP.task, limit: 100, offset: integerBelow(random, TRAP.brokenJob - 10) };
      const startedAt = performance.now();
      const end = await send({ agent, origin, key: trapKey }, ENDPOINTS.rest.request(page));
      history.note({ event: "fault", fault: "trap", ms: performance.now() - startedAt, ...end });
    },

    async lock(ms) {
      await sql.begin(async (transaction) => {
        await transaction`lock table task_email_jobs in access exclusive mode`;
        history.note({ event: "fault", fault: "lock", ms });
        await delay(ms);
      });
    },

    failover: replication === null ? undefined : createFailover(replication, history),

    async close() {
      for (const pid of frozen) thaw(pid);
      agent.destroy();
      await sql.end({ timeout: 5 });
    },
  };
}
