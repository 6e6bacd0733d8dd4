import type { Cluster } from "./check-cluster.ts";

/** The changes that an operator should make on the nodes, because this command cannot make them. */
export function adviceFor({ nodes, states }: Cluster): string[] {
  const workers = states.filter((_, index) => nodes[index]?.acceptsShards);
  const coordinator = states.find((_, index) => nodes[index]?.isCoordinator);
  const notLogical = states.filter(({ walLevel }) => walLevel !== "logical").map(({ name }) => name);
  const small = workers.filter(({ maxConnections }) => maxConnections < (coordinator?.maxConnections ?? 0));
  const isDistributed = nodes.some(({ shards }) => shards > 0);
  const empty = nodes.filter(({ acceptsShards, shards }) => acceptsShards && shards === 0).map(({ name }) => name);
  const versions = new Set(states.map(({ postgres }) => postgres));
  return [
    ...(notLogical.length > 0
      ? [
          `Set wal_level = logical on ${notLogical.join(", ")} and restart, so that shards can move without blocking writers.`,
        ]
      : []),
    ...(small.length > 0
      ? [
          `Raise max_connections on ${small.map(({ name }) => name).join(", ")} to at least ${coordinator?.maxConnections}, ` +
            "the value of the coordinator, because each session of the coordinator may connect to each worker.",
        ]
      : []),
    ...(versions.size > 1 ? [`The nodes run different versions of PostgreSQL: ${[...versions].join(", ")}.`] : []),
    ...(isDistributed && empty.length > 0
      ? [`These nodes have no shards yet: ${empty.join(", ")}. Move shards to them: SELECT citus_rebalance_start();`]
      : []),
    "On each worker, set tcp_keepalives_idle = 5, tcp_keepalives_interval = 2, tcp_keepalives_count = 3 and, for the role " +
      "of the server, statement_timeout = '35s': a session whose coordinator is gone then ends by itself.",
    "Writers must name the task in every statement: WHERE task_id = … AND id = … (docs/operating.md).",
  ];
}
