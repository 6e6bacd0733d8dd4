import type { Sql } from "postgres";
import { type Cluster, UnusableCluster } from "./check-cluster.ts";
import {
  CITUS_TABLES,
  DATABASE_SETTINGS,
  DISTRIBUTED_TABLES,
  LOCAL_TABLE,
  REFERENCE_TABLES,
  type TableState,
} from "./cluster.queries.ts";
import { distributeTables } from "./distribute-tables.ts";

/** Something that the cluster lacks. Each step is complete by itself, so that an interrupted command can run again. */
export interface Step {
  readonly title: string;
  readonly run: (sql: Sql, report: (what: string) => void) => Promise<void>;
}

/** The number of shards of new distributed tables. If there are more shards than nodes, some can move to new nodes. */
export const DEFAULT_SHARDS = 32;

/** The functions that triggers call on the node of the shard. Citus copies the trigger functions, but not these. */
const CALLED_FUNCTIONS = ["add_to_free_total(uuid, bigint)", "add_to_total(uuid, bigint)"] as const;

/** The steps that this cluster still needs. Throws UnusableCluster if the tables are in a state that no step produces. */
export function stepsFor(cluster: Cluster, shards: number | null): Step[] {
  const { tables } = cluster;
  const isDistributed = checkDistribution(tables, shards);
  return [
    ...(isDistributed ? [] : [distribution(shards ?? DEFAULT_SHARDS)]),
    ...localTables(cluster),
    ...localRows(tables, isDistributed),
    ...referenceTables(cluster),
    ...settings(cluster),
  ];
}

/** Returns whether the tables are distributed. Distributing them is one transaction, so either all are or none. */
function checkDistribution(tables: readonly TableState[], shards: number | null): boolean {
  const methodOf = (name: string) => tables.find((table) => table.name === name)?.method ?? null;
  if (CITUS_TABLES.every((name) => methodOf(name) === null)) return false;
  const wrong = [
    ...DISTRIBUTED_TABLES.filter(({ name }) => methodOf(name) !== "h").map(({ name }) => `${name} is not distributed`),
    ...REFERENCE_TABLES.filter((name) => methodOf(name) !== "n").map((name) => `${name} is not a reference table`),
  ];
  if (wrong.length > 0) throw new UnusableCluster([`The tables were distributed in another way: ${wrong.join("; ")}.`]);
  const existing = tables.find(({ name }) => name === "tasks")?.shards;
  if (shards !== null && shards !== existing) {
    throw new UnusableCluster([
      `The tables have ${existing} shards. To change this, run: SELECT alter_distributed_table('public.tasks', ` +
        `shard_count => ${shards}, cascade_to_colocated => true);`,
    ]);
  }
  return true;
}

function distribution(shards: number): Step {
  const names = DISTRIBUTED_TABLES.map(({ name }) => name).join(", ");
  return {
    title: `in one transaction, distribute ${names} by the task into ${shards} shards, and copy ${REFERENCE_TABLES.join(", ")} to every node`,
    run: async (sql, report) => {
      await distributeTables(sql, shards, report);
      report("collect statistics for the planner");
      // Citus refuses one statement for several tables.
      for (const name of CITUS_TABLES) await sql.unsafe(`analyze public.${name}`);
    },
  };
}

/** The step is also needed for a node that was added later, which lacks the table and the functions. */
function localTables({ states }: Cluster): Step[] {
  const lacking = states.filter(({ hasLocalTable, hasFunctions }) => !hasLocalTable || !hasFunctions);
  if (lacking.length === 0) return [];
  return [
    {
      title: `create ${LOCAL_TABLE} and the functions of the triggers on ${lacking.map(({ name }) => name).join(", ")}`,
      run: async (sql) => {
        for (const name of CALLED_FUNCTIONS) await sql`select create_distributed_function(${`public.${name}`})`;
        const create = `create unlogged table if not exists public.${LOCAL_TABLE} (task_id uuid not null, delta bigint not null)`;
        const failed = await sql`select result from run_command_on_all_nodes(${create}) where not success`;
        if (failed.length > 0)
          throw new UnusableCluster([`A node refused to create ${LOCAL_TABLE}: ${failed[0]?.result}`]);
      },
    },
  ];
}

/** Citus leaves the rows of a distributed table in the table of the coordinator, where no statement sees them. */
function localRows(tables: readonly TableState[], isDistributed: boolean): Step[] {
  const filled = tables.filter(({ localBytes }) => localBytes > 0);
  if (filled.length === 0) return [];
  // A foreign key prevents the TRUNCATE of a table, but not that of the tables that refer to it.
  const order = ["task_email_jobs", "task_job_totals", "tasks", ...REFERENCE_TABLES];
  const names = order.filter((name) => filled.some((table) => table.name === name));
  return [
    {
      title: `free the disk space of the rows that ${isDistributed ? "stayed" : "stay"} in the coordinator's own tables: ${names.join(", ")}`,
      run: async (sql) => {
        for (const name of names) await sql`select truncate_local_data_after_distributing_table(${`public.${name}`})`;
      },
    },
  ];
}

function referenceTables({ tables, nodes }: Cluster): Step[] {
  const lacking = tables.filter(({ method, copies }) => method === "n" && copies < nodes.length);
  if (lacking.length === 0) return [];
  return [
    {
      title: `copy the reference tables to the new nodes: ${lacking.map(({ name }) => name).join(", ")}`,
      run: async (sql) => void (await sql`select replicate_reference_tables('block_writes')`),
    },
  ];
}

function settings({ database }: Cluster): Step[] {
  const { name, missingSettings } = database;
  if (missingSettings.length === 0) return [];
  return [
    {
      title: `set ${missingSettings.map((setting) => `${setting} = ${DATABASE_SETTINGS[setting]}`).join(", ")} for the database ${name}, as later migrations need`,
      run: async (sql) => {
        for (const setting of missingSettings) {
          await sql.unsafe(
            `alter database "${name.replaceAll('"', '""')}" set ${setting} = '${DATABASE_SETTINGS[setting]}'`,
          );
        }
      },
    },
  ];
}
