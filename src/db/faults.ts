import { Failure, reasonOf } from "../errors.ts";

/** The driver gave fewer or more rows than the server said it sent. Never seen since the driver is repaired. */
export class BrokenResult extends Error {}

/** Nobody had a connection to spare in time. */
export class WaitedTooLong extends Error {}

/** An operator must repair the database. The message says how. */
export class UnusableDatabase extends Error {}

/** The socket was mute for so long that the backend must be frozen or the network gone. */
export const SILENT_SOCKET = "SILENT_SOCKET";

/** The connection ended before the server said a word. */
export const HUNG_UP = "HUNG_UP";

/** The server cannot be reached or lets nobody in: asking again at once helps nobody. */
const UNREACHABLE =
  /^(HUNG_UP|ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT|CONNECT_TIMEOUT|57P03|53300|28\w{3}|3D000)$/;

/**
 * The connection was lost under the statement: another one will do. 0A000: a cached plan that a migration outdated. 40001:
 * a standby replays what the statement stood in the way of.
 */
const LOST =
  /^(08\w{3}|40001|57P01|57P02|ECONNRESET|EPIPE|CONNECTION_CLOSED|CONNECTION_DESTROYED|CONNECTION_ENDED|SILENT_SOCKET|0A000)$/;

/** The server gave up on the statement: statement_timeout, lock_timeout. Never asked again, it would take as long. */
const TOO_SLOW = /^(57014|55P03)$/;

/** Full, out of memory, read-only after a failover: not the caller's fault and perhaps gone in a while. */
const EXHAUSTED = /^(53\w{3}|58\w{3}|25006)$/;

/** The form of a PostgreSQL error code. Node codes such as EPERM look similar. */
const SQLSTATE = /^([0-9][0-9A-Z]|F0|HV|P0|XX)[0-9A-Z]{3}$/;

/** Node's error codes for an invalid certificate or a failed TLS handshake. */
const OF_TLS = /CERT|^ERR_(TLS|SSL)|^UNABLE_TO_/;

/** There is no such table, column or type. */
const OF_SCHEMA = /^(42P01|42703|42704)$/;

/** Through drizzle's wrapping, whose own message carries the statement and its parameters. */
function codeOf(error: unknown): string {
  const { code, cause } = error as { code?: unknown; cause?: unknown };
  if (typeof code === "string") return code;
  return cause === undefined || cause === null ? "" : codeOf(cause);
}

export function isUnreachable(error: unknown): boolean {
  return UNREACHABLE.test(codeOf(error));
}

/** Not there at all, and perhaps soon: a wrong password or a missing database is mended by a person. */
export function isAway(error: unknown): boolean {
  return isPassing(error) && !/^(28\w{3}|3D000|0A000)$/.test(codeOf(error));
}

/** Worth another try: only reads come this way. */
export function isPassing(error: unknown): boolean {
  return error instanceof BrokenResult || LOST.test(codeOf(error)) || isUnreachable(error);
}

/** Our own fault, unless the database is not the one that this program knows. */
export function isOfSchema(error: unknown): boolean {
  return OF_SCHEMA.test(codeOf(error));
}

/** What the caller may be told; an error that is none of these is our own fault and stays what it is. */
export function failureOfDatabaseError(error: unknown): unknown {
  if (error instanceof Failure) return error;
  const code = codeOf(error);
  if (TOO_SLOW.test(code)) return new Failure("TIMEOUT", { cause: error });
  if (isPassing(error) || EXHAUSTED.test(code)) return new Failure("UNAVAILABLE", { cause: error });
  return error;
}

/** A message for the operator with the database, the cause and the remedy. Null if the database did not cause the error. */
export function describeDatabaseFault(error: unknown, database: string): string | null {
  const code = codeOf(error);
  if (!isPassing(error) && !SQLSTATE.test(code) && !OF_TLS.test(code)) return null;
  return `${database}: ${reasonOf(error)}. ${remedyFor(error, code)}`;
}

function remedyFor(error: unknown, code: string): string {
  if (code.startsWith("28")) return "Are the user name and the password in DATABASE_URL right?";
  if (OF_TLS.test(code)) return "Is the certificate's authority in NODE_EXTRA_CA_CERTS, and is sslmode right?";
  if (code === "3D000") return "Create the database, or correct its name in DATABASE_URL.";
  if (code === "42501") return 'May this user read and change the tables? See docs/operating.md, "The database".';
  if (code === "53300") return "Raise max_connections, or lower DATABASE_POOL_SIZE.";
  if (isOfSchema(error))
    return "Apply the migrations: run the command without MIGRATE=off, as the owner of the tables.";
  return isUnreachable(error)
    ? "Is the server running, and are the host, the port and sslmode in DATABASE_URL right?"
    : "Is the URL right, and may this user change tables?";
}
