import type { Sql } from "postgres";
import { hashOfUuid } from "./uuid-hash.ts";

/** A worker as Citus addresses it. */
export interface Worker {
  readonly name: string;
  readonly host: string;
  readonly port: number;
}

export interface ShardMap {
  readonly workers: readonly Worker[];
  /** The worker that has the shard of this task. */
  readonly workerOf: (taskId: string) => Worker | null;
}

/** Reads from the coordinator's catalog which worker has which shard. Null if the tables are not distributed. */
export async function readShardMap(sql: Sql): Promise<ShardMap | null> {
  const [citus] = await sql`select to_regclass('pg_dist_shard') is not null as is_installed`;
  if (!citus?.is_installed) return null;
  const rows = await sql`
    select shardminvalue::int as lowest, nodename as host, nodeport as port
    from pg_dist_shard join pg_dist_placement using (shardid) join pg_dist_node using (groupid)
    where logicalrelid = 'public.tasks'::regclass and noderole = 'primary' order by 1`;
  if (rows.length === 0) return null;
  const workers = new Map<string, Worker>();
  const shards = rows.map(({ lowest, host, port }) => {
    const name = `${host}:${port}`;
    const worker = workers.get(name) ?? { name, host, port };
    workers.set(name, worker);
    return { lowest: lowest as number, worker };
  });
  return {
    workers: [...workers.values()],
    workerOf(taskId) {
      const hash = hashOfUuid(taskId);
      return shards.findLast(({ lowest }) => lowest <= hash)?.worker ?? null;
    },
  };
}
