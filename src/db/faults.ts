import { Failure } from "../errors.ts";
import { reasonOf } from "./error-reason.ts";

/** The driver returned another number of rows than the server sent. Not seen since the driver is patched. */
export class BrokenResult extends Error {}

/** No connection of the pool became free in time. */
export class WaitedTooLong extends Error {}

/** A database that an operator must repair. The message says how. */
export class UnusableDatabase extends Error {}

/** No server of the connection string suits target_session_attrs. The message names the servers, and contains no data. */
export class NoSuitableServer extends Error {
  readonly code = "NO_SUITABLE_SERVER";
}

/** The server sent nothing for so long that its backend must hang or the network must be down. */
export const SILENT_SOCKET = "SILENT_SOCKET";

/** The server closed the connection before it sent any data. */
export const HUNG_UP = "HUNG_UP";

/** The server cannot be reached or accepts no connections, so an immediate retry would not help. */
const UNREACHABLE =
  /^(HUNG_UP|NO_SUITABLE_SERVER|ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT|CONNECT_TIMEOUT|57P03|53300|28\w{3}|3D000)$/;

/**
 * The connection was lost while the statement ran, so the statement can run on another connection. 40001 is a conflict with
 * the recovery of a standby.
 */
const LOST =
  /^(08\w{3}|40001|57P01|57P02|ECONNRESET|EPIPE|CONNECTION_CLOSED|CONNECTION_DESTROYED|CONNECTION_ENDED|SILENT_SOCKET)$/;

/** The server cancelled the statement (statement_timeout, lock_timeout). It is not retried, because a retry would take as long. */
const TOO_SLOW = /^(57014|55P03)$/;

/** Another transaction holds locks on the same rows. */
const LOCK_CONFLICT = /^(40P01|55P03)$/;

/**
 * The server is out of disk, memory or connections, or read-only after a failover, or has lost the cursor of an export with
 * its connection (34000). The caller did not cause this, and it may pass.
 */
const EXHAUSTED = /^(53\w{3}|58\w{3}|25006|34000)$/;

/** The form of a PostgreSQL error code. Node codes such as EPERM look similar. */
const SQLSTATE = /^([0-9][0-9A-Z]|F0|HV|P0|XX)[0-9A-Z]{3}$/;

/** Node's error codes for an invalid certificate or a failed TLS handshake. */
const TLS_ERROR = /CERT|^ERR_(TLS|SSL)|^UNABLE_TO_/;

/** A table, column or type is missing. */
const MISSING_OBJECT = /^(42P01|42703|42704)$/;

/** Returns the first error with a code in the chain of causes, because drizzle wraps the errors of the driver. */
function codedErrorOf(error: unknown): { code?: unknown; routine?: unknown } {
  const { code, cause } = error as { code?: unknown; cause?: unknown };
  return typeof code === "string" || cause === undefined || cause === null ? (error as object) : codedErrorOf(cause);
}

function codeOf(error: unknown): string {
  const { code } = codedErrorOf(error);
  return typeof code === "string" ? code : "";
}

/**
 * Whether a migration made a cached plan invalid. PostgreSQL and Citus use the same code for everything that they do not
 * support, and the message depends on the language of the server, so the routine decides.
 */
function isInvalidPlan(error: unknown): boolean {
  const { code, routine } = codedErrorOf(error);
  return code === "0A000" && routine === "RevalidateCachedQuery";
}

/** Whether the server cannot run such a statement at all. Citus cannot plan some statements without their values. */
export function isUnsupported(error: unknown): boolean {
  return codeOf(error) === "0A000" && !isInvalidPlan(error);
}

export function isUnreachable(error: unknown): boolean {
  return UNREACHABLE.test(codeOf(error));
}

/** Whether the server may become reachable without an operator, who must correct a wrong password or create a missing database. */
export function isTemporaryOutage(error: unknown): boolean {
  return isTransient(error) && !/^(28\w{3}|3D000|0A000)$/.test(codeOf(error));
}

/** Whether a retry may succeed. Only reads are retried. */
export function isTransient(error: unknown): boolean {
  return error instanceof BrokenResult || LOST.test(codeOf(error)) || isInvalidPlan(error) || isUnreachable(error);
}

/** Whether a table, column or type is missing: a bug, unless the database has the schema of another release. */
export function isMissingObject(error: unknown): boolean {
  return MISSING_OBJECT.test(codeOf(error));
}

/** Whether the server lacks a resource, such as space on its disk, memory or connections. */
export function isExhausted(error: unknown): boolean {
  return EXHAUSTED.test(codeOf(error));
}

/** Whether another transaction held locks on the same rows: a deadlock, or a lock_timeout. A transaction can be run again. */
export function isLockConflict(error: unknown): boolean {
  return LOCK_CONFLICT.test(codeOf(error));
}

/** Whether a row to which a new row refers does not exist any more. */
export function isMissingReference(error: unknown): boolean {
  return codeOf(error) === "23503";
}

/** Returns the failure that the caller receives. Any other error is a bug and is returned unchanged. */
export function failureOfDatabaseError(error: unknown): unknown {
  if (error instanceof Failure) return error;
  const code = codeOf(error);
  if (TOO_SLOW.test(code)) return new Failure("TIMEOUT", { cause: error });
  if (isTransient(error) || isExhausted(error)) return new Failure("UNAVAILABLE", { cause: error });
  return error;
}

/** A message for the operator with the database, the cause and the remedy. Null if the database did not cause the error. */
export function describeDatabaseFault(error: unknown, database: string): string | null {
  const code = codeOf(error);
  if (!isTransient(error) && !SQLSTATE.test(code) && !TLS_ERROR.test(code)) return null;
  return `${database}: ${reasonOf(error)}. ${remedyFor(error, code)}`;
}

function remedyFor(error: unknown, code: string): string {
  if (code.startsWith("28")) return "Are the user name and the password in DATABASE_URL right?";
  if (TLS_ERROR.test(code)) return "Is the certificate's authority in NODE_EXTRA_CA_CERTS, and is sslmode right?";
  if (code === "3D000") return "Create the database, or correct its name in DATABASE_URL.";
  if (code === "42501") return 'May this user read and change the tables? See docs/operating.md, "The database".';
  if (code === "42P07")
    return "Use an empty database: this one has tables of another program, or lacks the list of its migrations.";
  if (code === "25006") return "Does DATABASE_URL lead to the primary, and may this user write?";
  if (code === "53100") return "Free space on the disk of the database.";
  if (code === "53300") return "Raise max_connections, or lower DATABASE_POOL_SIZE.";
  if (isLockConflict(error) || code === "40001")
    return "Another program changed the same rows at the same time. Run the command again.";
  if (isMissingObject(error))
    return "Apply the migrations: run the command without MIGRATE=off, as the owner of the tables.";
  if (code === "NO_SUITABLE_SERVER")
    return "Is one of the servers running, and are the hosts, the ports and target_session_attrs in DATABASE_URL right?";
  return isUnreachable(error)
    ? "Is the server running, and are the host, the port and sslmode in DATABASE_URL right?"
    : "Is the URL right, and may this user change tables?";
}
