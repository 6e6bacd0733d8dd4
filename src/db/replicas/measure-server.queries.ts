import type { Sql } from "postgres";
import { parseLsn, type WalPosition } from "../reads/position.queries.ts";
import type { WalTimeline } from "./consistency-token.ts";

export interface Measurement extends WalTimeline {
  readonly isInRecovery: boolean;
  /** Everything before this position is replayed at a standby, and flushed at a primary. */
  readonly position: WalPosition;
  /** The time at which the server was started, which no other server shares. */
  readonly started: string;
}

/**
 * Only members of `pg_read_all_stats` see the timeline of a standby at once. For other roles it is read from the control file,
 * which contains a new timeline only after PostgreSQL has written a few pages or a restartpoint.
 */
const MEASUREMENT = `
  select in_recovery, case when in_recovery then pg_last_wal_replay_lsn() else pg_current_wal_flush_lsn() end,
    (select system_identifier from pg_control_system()) || '/'
      || (select oid from pg_database where datname = current_database()),
    case when in_recovery then greatest(
        (select received_tli from pg_stat_wal_receiver),
        (select timeline_id from pg_control_checkpoint()),
        (select min_recovery_end_timeline from pg_control_recovery()))
      else ('x' || left(pg_walfile_name(pg_current_wal_flush_lsn()), 8))::bit(32)::int end,
    (extract(epoch from pg_postmaster_start_time()) * 1000000)::bigint::text
  from (select pg_is_in_recovery() as in_recovery offset 0) server`;

export async function measureServer(sql: Sql): Promise<Measurement> {
  const [row] = await sql.unsafe(MEASUREMENT, [], { prepare: true }).values();
  const [isInRecovery, position, system, timeline, started] = row as [boolean, string | null, string, number, string];
  // A standby that has not replayed anything yet has no position.
  return { isInRecovery, position: position === null ? 0n : parseLsn(position), system, timeline, started };
}
