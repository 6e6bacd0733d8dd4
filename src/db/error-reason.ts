/** Driver messages may contain data, so logs and commands print these texts for the errors that an operator must resolve. */
const TEXT_BY_CODE: Readonly<Record<string, string>> = {
  "25006": "the database is read-only",
  "28000": "the user is not allowed to connect",
  "28P01": "password authentication failed",
  "3D000": "the database does not exist",
  "40001": "a conflict with another transaction, or with the replay of a standby",
  "40P01": "a deadlock with another transaction",
  "42501": "the user lacks a privilege",
  "42703": "a column is missing",
  "42P01": "a table is missing",
  "42P07": "a table of the same name exists",
  "53100": "the disk of the database is full",
  "53200": "the database is out of memory",
  "53300": "too many connections",
  "55P03": "a lock was not released in time",
  "57014": "a statement took too long",
  "57P01": "the database is stopping, or an administrator closed the connection",
  "57P02": "the database is restarting after a crash",
  "57P03": "the database is starting or stopping",
  "58030": "the database cannot read or write its files",
};

const CODE = /^[A-Z0-9_]{1,40}$/;
const HOST = /^[\w.:/-]{1,100}$/;
const MAX_CAUSES = 6;

/** Returns the innermost error code or class with a text from the list above or with host and port, but no data. */
export function reasonOf(thrown: unknown): string {
  let reason = "unknown";
  let address = "";
  let message = "";
  let error = thrown;
  for (let depth = 0; error instanceof Error && depth <= MAX_CAUSES; depth += 1) {
    const { code, errors } = error as { code?: unknown; errors?: unknown };
    address = addressOf(error) || address;
    reason = typeof code === "string" && CODE.test(code) ? code : error.constructor.name;
    message = error.message;
    // A connect to a host with several addresses fails once for each address.
    error = error.cause ?? (Array.isArray(errors) ? errors[0] : undefined);
  }
  // These messages are our own and name only servers and their states.
  const isOurs = reason === "NO_SUITABLE_SERVER" || reason === "UNUSABLE_KEY_SERVER";
  const text = isOurs ? message : TEXT_BY_CODE[reason];
  return [reason, text ?? address].filter(Boolean).join(" ");
}

function addressOf(error: object): string {
  const { address, hostname, port } = error as { address?: unknown; hostname?: unknown; port?: unknown };
  const host = Array.isArray(address) ? address[0] : (address ?? hostname);
  if (typeof host !== "string" || !HOST.test(host)) return "";
  const number = Array.isArray(port) ? port[0] : port;
  return typeof number === "number" ? `${host.includes(":") ? `[${host}]` : host}:${number}` : host;
}
