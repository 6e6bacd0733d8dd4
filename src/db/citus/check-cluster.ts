import type { Sql } from "postgres";
import {
  CITUS_TABLES,
  type ClusterNode,
  type DatabaseState,
  isCoordinator,
  type NodeState,
  readCitusVersion,
  readDatabase,
  readNodeStates,
  readNodes,
  readTables,
  type TableState,
} from "./cluster.queries.ts";

/** The oldest version that distributes tables with identity columns on PostgreSQL 15 and newer. */
const MIN_CITUS = 12;

export interface Cluster {
  readonly citus: string;
  readonly nodes: readonly ClusterNode[];
  readonly states: readonly NodeState[];
  readonly tables: readonly TableState[];
  readonly database: DatabaseState;
}

/** The cluster cannot be used as it is. The message lists everything that an operator must change. */
export class UnusableCluster extends Error {
  constructor(faults: readonly string[]) {
    super(faults.join("\n"));
  }
}

/** Reads the state of the cluster, and changes nothing. Throws UnusableCluster if an operator must change something. */
export async function checkCluster(sql: Sql): Promise<Cluster> {
  const citus = await readCitusVersion(sql);
  if (citus === null) {
    throw new UnusableCluster([
      "This database does not have the extension citus. On every node, install Citus, add citus to " +
        "shared_preload_libraries, restart PostgreSQL and run CREATE EXTENSION citus in this database. Then run on the " +
        "coordinator: SELECT citus_set_coordinator_host('host', 5432); and SELECT citus_add_node('host', 5432); for each worker.",
    ]);
  }
  if (Number.parseInt(citus, 10) < MIN_CITUS) {
    throw new UnusableCluster([`Citus is version ${citus}, but must be ${MIN_CITUS} or newer.`]);
  }
  if (!(await isCoordinator(sql))) {
    throw new UnusableCluster(["DATABASE_URL is a worker. Run this command with the URL of the coordinator."]);
  }
  const nodes = await readNodes(sql);
  const faults = faultsOfNodes(nodes);
  if (faults.length > 0) throw new UnusableCluster(faults);

  const [states, tables, database] = [await readNodeStates(sql), await readTables(sql), await readDatabase(sql)];
  faults.push(...faultsOfStates(states, citus), ...faultsOfRights(tables, database));
  if (faults.length > 0) throw new UnusableCluster(faults);
  return { citus, nodes, states, tables, database };
}

function faultsOfNodes(nodes: readonly ClusterNode[]): string[] {
  const faults = nodes.flatMap(({ name, isActive, hasMetadata }) => [
    ...(isActive ? [] : [`The node ${name} is not active: SELECT citus_activate_node('host', port);`]),
    ...(hasMetadata ? [] : [`The node ${name} lacks the metadata: SELECT start_metadata_sync_to_node('host', port);`]),
  ]);
  if (!nodes.some((node) => node.isCoordinator)) {
    faults.push("The coordinator has no address: SELECT citus_set_coordinator_host('host', 5432);");
  }
  if (!nodes.some((node) => node.acceptsShards)) {
    faults.push("The cluster has no worker: SELECT citus_add_node('host', 5432); for each worker.");
  }
  return faults;
}

function faultsOfStates(states: readonly NodeState[], citus: string): string[] {
  return states.flatMap(({ name, error, citus: version }) => {
    if (error !== null) return [`The coordinator cannot run commands on the node ${name}.`];
    if (version === citus) return [];
    return [
      `The node ${name} has version ${version ?? "none"} of the extension citus, but the coordinator has ${citus}.`,
    ];
  });
}

function faultsOfRights(tables: readonly TableState[], database: DatabaseState): string[] {
  const missing = CITUS_TABLES.filter((name) => tables.every((table) => table.name !== name));
  const notOwned = tables.filter(({ isOwned }) => !isOwned).map(({ name }) => name);
  return [
    ...(missing.length > 0
      ? [`The tables ${missing.join(", ")} are missing: run the command without MIGRATE=off.`]
      : []),
    ...(notOwned.length > 0 ? [`This role does not own ${notOwned.join(", ")}: use the role that migrates.`] : []),
    ...(database.isOwned || database.missingSettings.length === 0
      ? []
      : [
          `This role does not own the database ${database.name}, so it cannot store the settings that migrations need.`,
        ]),
  ];
}
