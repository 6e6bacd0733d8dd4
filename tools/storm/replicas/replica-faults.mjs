import { setTimeout as delay } from "node:timers/promises";

/** The time between two faults, in which the replicas catch up. */
const RECOVERY_MS = 1500;

/**
 * The faults of a run in their order, each of which is in effect until its promise resolves. The last one, a promotion, cannot
 * be undone.
 * @param {import("../../support/replication-node.mjs").Node[]} nodes
 */
export function replicaFaults([primary, first, second]) {
  const every = async (ms, lastsMs, work) => {
    const until = performance.now() + lastsMs;
    while (performance.now() < until) {
      await work();
      await delay(ms);
    }
  };
  return {
    paused: {
      async inject(ms) {
        await first.run((sql) => sql`select pg_wal_replay_pause()`);
        await delay(ms);
        await first.run((sql) => sql`select pg_wal_replay_resume()`);
      },
    },
    delayed: {
      async inject(ms) {
        await second.configure({ recovery_min_apply_delay: "300ms" });
        await delay(ms);
        await second.configure({ recovery_min_apply_delay: "0" });
      },
    },
    lagging: {
      async inject(ms) {
        for (const node of [first, second]) await node.configure({ recovery_min_apply_delay: "10s" });
        await delay(ms);
        for (const node of [first, second]) await node.configure({ recovery_min_apply_delay: "0" });
      },
    },
    frozen: {
      async inject(ms) {
        first.freeze();
        await delay(ms);
        first.thaw();
      },
    },
    gone: {
      async inject(ms) {
        await second.kill();
        await delay(ms);
        await second.start();
      },
    },
    killed: {
      // The backends of both replicas, while they answer requests.
      async inject(ms) {
        const kill = (sql) => sql`select pg_terminate_backend(pid) from pg_stat_activity
          where application_name = 'task-jobs-api' order by random() limit 1`;
        await Promise.all([first, second].map((node) => node.run((sql) => every(20, ms, () => kill(sql)))));
      },
    },
    conflict: {
      // Replay does not wait for reads: it cancels those that hold the locks and the dead rows that it needs.
      async inject(ms) {
        for (const node of [first, second]) await node.configure({ max_standby_streaming_delay: "0" });
        await primary.run((sql) =>
          every(5, ms, async () => {
            await sql.begin((transaction) => transaction`lock table emails in access exclusive mode`);
            await sql`vacuum emails`;
          }),
        );
        for (const node of [first, second]) await insist(() => node.configure({ max_standby_streaming_delay: "30s" }));
      },
    },
    promoted: {
      async inject(ms) {
        await first.promote();
        // Rows that only the promoted server has must never be served.
        await first.run((sql) => sql`update emails set status = 'diverged'`);
        await delay(ms);
      },
    },
  };
}

/** Repeats work that the fault itself prevents. */
async function insist(work) {
  for (;;) {
    try {
      return await work();
    } catch {
      await delay(20);
    }
  }
}

/** Injects one fault after another, and names it while it is in effect. */
export async function injectReplicaFaults(nodes, { fault, lastsMs, isOver }) {
  for (const [name, { inject }] of Object.entries(replicaFaults(nodes))) {
    fault.name = "none";
    await delay(RECOVERY_MS);
    if (isOver()) return;
    fault.name = name;
    await inject(lastsMs);
  }
}
