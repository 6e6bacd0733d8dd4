import type { Sql } from "postgres";
import type { Deadline } from "../../values/deadline.ts";

/** Receives the text of `position.queries.ts` that a statement has returned. */
export type NotePosition = (position: string) => void;

/** Runs a read on a pool of connections. With `notePosition`, the statement must also return and note its position. */
type Statement<T> = (sql: Sql, notePosition?: NotePosition) => Promise<T>;

/** The ids of the tasks whose rows a statement reads. */
export type TaskScope = readonly string[] | "all";

export interface Pool {
  /** With `tasks`, only the workers of these tasks must answer if the tables are distributed. */
  readonly read: <T>(deadline: Deadline, statement: Statement<T>, tasks?: TaskScope) => Promise<T>;
  /** Whether the tables are distributed over several servers, as far as it is known. */
  readonly isDistributed: () => boolean;
}

/** The connections for exports of one server. */
export interface ExportConnections {
  /** Opens a connection for one export, which the caller must end. Unlike the pools, it can begin a transaction. */
  readonly open: () => Sql;
  readonly isOtherSchema: () => Promise<boolean>;
  /** Cancels the statement that the connection of an export runs. */
  readonly cancel: (backend: number) => Promise<void>;
}

export type BeginExport<T> = (server: ExportConnections, options: BeginExportOptions) => Promise<T>;

export interface BeginExportOptions {
  readonly deadline?: Deadline | undefined;
  readonly notePosition?: NotePosition | undefined;
  /** Whether another server begins the export again if this one fails to begin it. */
  readonly hasFailover?: boolean;
}

/** The reads of requests, of one server or of a primary with its replicas. */
export interface Reads extends Pool {
  readonly searches: Pool;
  readonly counts: Pool & { readonly timeoutMs: number; readonly shared?: SharedReads | undefined };
  readonly exports: {
    /** Begins an export at the server of the request. Commands have no deadline. */
    readonly begin: <T>(deadline: Deadline | undefined, work: BeginExport<T>) => Promise<T>;
  };
}

/** Reads whose results several requests share, although the requests may need different positions in the WAL. */
export interface SharedReads {
  /** Returns the deadline of a shared read, which runs at the server of this request. */
  readonly begin: (request: Deadline, ms: number) => Deadline;
  /** Whether the result contains everything that the consistency tokens of this request name. Null has not begun yet. */
  readonly isFreshEnough: (request: Deadline, sharedRead: Deadline | null) => boolean;
  /** The token of the response must cover what the shared read saw. */
  readonly addTo: (request: Deadline, sharedRead: Deadline) => void;
}
