import type { Sql } from "postgres";
import { JOURNAL } from "../migration-journal.ts";

/** The tables that are distributed by the task, in the order of their foreign keys, with the column of the task's id. */
export const DISTRIBUTED_TABLES = [
  { name: "tasks", column: "id" },
  { name: "task_email_jobs", column: "task_id" },
  { name: "task_job_totals", column: "task_id" },
] as const;

/** Every node has all rows of these tables. */
export const REFERENCE_TABLES = ["emails", "api_keys", JOURNAL.table] as const;

export const CITUS_TABLES: readonly string[] = [...DISTRIBUTED_TABLES.map(({ name }) => name), ...REFERENCE_TABLES];

/** A trigger writes to this table on the node that has the shard, so each node has a local table of this name. */
export const LOCAL_TABLE = "task_job_moves";

export interface ClusterNode {
  readonly name: string;
  readonly isActive: boolean;
  readonly hasMetadata: boolean;
  readonly isCoordinator: boolean;
  readonly acceptsShards: boolean;
  /** The number of shards of `tasks` on this node. */
  readonly shards: number;
}

export interface NodeState {
  readonly name: string;
  /** Null if the node answered. */
  readonly error: string | null;
  readonly citus: string | null;
  readonly postgres: string;
  readonly walLevel: string;
  readonly maxConnections: number;
  readonly hasLocalTable: boolean;
  /** Whether the node has the functions that the trigger functions call. */
  readonly hasFunctions: boolean;
}

/** The version of the extension, or null if the database does not have it. */
export async function readCitusVersion(sql: Sql): Promise<string | null> {
  const [row] = await sql`select extversion from pg_extension where extname = 'citus'`;
  return row?.extversion ?? null;
}

export async function isCoordinator(sql: Sql): Promise<boolean> {
  const [row] = await sql`select groupid = 0 as is_coordinator from pg_dist_local_group`;
  return row?.is_coordinator === true;
}

export async function readNodes(sql: Sql): Promise<ClusterNode[]> {
  const rows = await sql`
    select nodename || ':' || nodeport as name, isactive, hasmetadata and metadatasynced as has_metadata, groupid,
      shouldhaveshards, (
        select count(*)::int from pg_dist_placement join pg_dist_shard using (shardid)
        where logicalrelid = 'public.tasks'::regclass and pg_dist_placement.groupid = node.groupid
      ) as shards
    from pg_dist_node node where noderole = 'primary' order by groupid, nodeid`;
  return rows.map((row) => ({
    name: row.name,
    isActive: row.isactive,
    hasMetadata: row.has_metadata,
    isCoordinator: row.groupid === 0,
    acceptsShards: row.shouldhaveshards,
    shards: row.shards,
  }));
}

/** A single JSON value, because Citus returns the result of each node as one text. */
const NODE_STATE = `
  select json_build_object(
    'citus', (select extversion from pg_extension where extname = 'citus'),
    'postgres', current_setting('server_version'), 'walLevel', current_setting('wal_level'),
    'maxConnections', current_setting('max_connections')::int,
    'hasLocalTable', to_regclass('public.${LOCAL_TABLE}') is not null,
    'hasFunctions', to_regprocedure('public.add_to_total(uuid, bigint)') is not null
      and to_regprocedure('public.add_to_free_total(uuid, bigint)') is not null)`;

/** Asks every node, so that an unreachable node is found before the tables are changed. */
export async function readNodeStates(sql: Sql): Promise<NodeState[]> {
  const rows = await sql`
    select nodename || ':' || nodeport as name, success, result
    from run_command_on_all_nodes(${NODE_STATE}) join pg_dist_node using (nodeid) order by groupid, nodeid`;
  return rows.map(({ name, success, result }) => {
    if (success) return { name, error: null, ...JSON.parse(result) };
    const unknown = {
      citus: null,
      postgres: "",
      walLevel: "",
      maxConnections: 0,
      hasLocalTable: false,
      hasFunctions: false,
    };
    return { name, error: String(result), ...unknown };
  });
}

export interface TableState {
  readonly name: string;
  /** As Citus names it: `h` is distributed, `n` is a reference table, null is a table of this node only. */
  readonly method: "h" | "n" | null;
  readonly shards: number;
  readonly copies: number;
  /** The size of the rows that stayed in the table of the coordinator when the table was distributed. */
  readonly localBytes: number;
  readonly isOwned: boolean;
}

export async function readTables(sql: Sql): Promise<TableState[]> {
  const rows = await sql`
    select relname as name, case partmethod when 'h' then 'h' when 'n' then 'n' end as method,
      (select count(*)::int from pg_dist_shard where logicalrelid = pg_class.oid) as shards,
      (select count(*)::int from pg_dist_shard join pg_dist_placement using (shardid)
        where logicalrelid = pg_class.oid) as copies,
      pg_relation_size(pg_class.oid)::float8 as local_bytes, pg_has_role(relowner, 'usage') as is_owned
    from pg_class left join pg_dist_partition on logicalrelid = pg_class.oid
    where relnamespace = 'public'::regnamespace and relname = any(${`{${CITUS_TABLES.join(",")}}`}::text[])`;
  return rows.map((row) => ({
    name: row.name,
    method: row.method,
    shards: row.shards,
    copies: row.copies,
    localBytes: row.local_bytes,
    isOwned: row.is_owned,
  }));
}

/** The settings that later migrations need in this database, as `ALTER DATABASE` stores them. */
export const DATABASE_SETTINGS = {
  "citus.multi_shard_modify_mode": "sequential",
  "citus.enable_unsafe_triggers": "on",
} as const;

export interface DatabaseState {
  readonly name: string;
  readonly isOwned: boolean;
  readonly missingSettings: readonly (keyof typeof DATABASE_SETTINGS)[];
}

export async function readDatabase(sql: Sql): Promise<DatabaseState> {
  const [row] = await sql`
    select datname as name, pg_has_role(datdba, 'usage') as is_owned, array_to_json(array(
      select unnest(setconfig) from pg_db_role_setting where setdatabase = pg_database.oid and setrole = 0
    )) as settings from pg_database where datname = current_database()`;
  const stored: readonly string[] = row?.settings ?? [];
  const names = Object.keys(DATABASE_SETTINGS) as (keyof typeof DATABASE_SETTINGS)[];
  return {
    name: row?.name,
    isOwned: row?.is_owned,
    missingSettings: names.filter((name) => !stored.includes(`${name}=${DATABASE_SETTINGS[name]}`)),
  };
}
