import postgres from "postgres";
import type { ConnectionSettings } from "../connection-url.ts";
import { driverOptions } from "../driver-options.ts";
import type { ServerAddress } from "./server-list.ts";
import type { SessionState } from "./session-target.ts";

/** A server that does not answer in this time counts as unreachable. */
const ANSWER_TIMEOUT_MS = 1000;

/** The state of a server, or the error of the attempt to ask for it. */
export type Answer = SessionState | { readonly error: unknown };

/** The history of a primary. A promotion starts a new timeline with a higher number. */
export interface Timeline {
  readonly cluster: string;
  readonly number: number;
}

/** Asks one server for its state, on a separate connection that stays open between two questions. */
export function createServerProbe(server: ServerAddress, settings: ConnectionSettings) {
  let sql: postgres.Sql | null = null;
  let asking: Promise<Answer> | null = null;

  function connection(): postgres.Sql {
    sql ??= postgres({
      ...driverOptions(settings, { silenceMs: ANSWER_TIMEOUT_MS, timeoutMs: ANSWER_TIMEOUT_MS, servers: server }),
      max: 1,
      prepare: false,
      fetch_types: false,
      connect_timeout: ANSWER_TIMEOUT_MS / 1000,
      onnotice: () => {},
      connection: {
        application_name: "task-jobs-server-check",
        ...(settings.options === undefined ? {} : { options: settings.options }),
      },
    });
    return sql;
  }

  async function ask(): Promise<Answer> {
    try {
      const [row] = await connection()`
        select pg_is_in_recovery() as is_standby, current_setting('transaction_read_only') = 'on' as is_read_only`;
      return { isStandby: row?.is_standby === true, isReadOnly: row?.is_read_only === true };
    } catch (error) {
      close();
      return { error };
    }
  }

  function close(): void {
    void sql?.end({ timeout: 0 });
    sql = null;
  }

  return {
    server,
    /** While a question has no answer yet, returns its answer and does not ask again. */
    ask(): Promise<Answer> {
      asking ??= ask().finally(() => {
        asking = null;
      });
      return asking;
    },
    /** Null if the server cannot report its timeline, because it is another program that uses the protocol of PostgreSQL. */
    async readTimeline(): Promise<Timeline | null> {
      try {
        const [row] = await connection()`
          select (select system_identifier::text from pg_control_system()) as cluster,
            ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::int as number`;
        return { cluster: row?.cluster, number: row?.number };
      } catch {
        return null;
      }
    },
    close,
  };
}

export type ServerProbe = ReturnType<typeof createServerProbe>;
