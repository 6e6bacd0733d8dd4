import type net from "node:net";
import { HUNG_UP } from "../faults.ts";
import type { SessionState } from "./session-target.ts";

/** Types of messages of the PostgreSQL protocol, which begin with a type and a length. */
const PARAMETER_STATUS = "S".charCodeAt(0);
const READY_FOR_QUERY = "Z".charCodeAt(0);
const ERROR_RESPONSE = "E".charCodeAt(0);
const HEADER_BYTES = 5;

/** The server accepts no connections, because it starts, stops or recovers. Like libpq, the caller then tries another host. */
const NOT_ACCEPTING = /\0C57P0[123]\0/;

interface Verdict {
  /** Whether a session with these states suits; a state that the server does not report is undefined. */
  readonly accepts: (state: Partial<SessionState>) => boolean;
  readonly accepted: () => void;
  readonly rejected: (reason: Error) => void;
}

/**
 * Checks a new connection before the driver may send a statement. A connection that fails or has the wrong state is closed without
 * an error: the driver then asks for another socket and keeps its first query.
 */
export function guardStartup(socket: net.Socket, { accepts, accepted, rejected }: Verdict): void {
  const parameters = new Map<string, string>();
  const emit = socket.emit as (event: string, ...args: unknown[]) => boolean;
  let unread: Buffer = Buffer.alloc(0);

  function reject(reason: Error): false {
    rejected(reason);
    // Further errors of the abandoned socket have no receiver.
    socket.emit = ((event: string, ...args: unknown[]) =>
      event === "close" && emit.call(socket, event, ...args)) as typeof socket.emit;
    socket.destroy();
    return false;
  }

  /** Returns whether the driver may receive the data. */
  function inspect(chunk: Buffer): boolean {
    unread = Buffer.concat([unread, chunk]);
    while (unread.length >= HEADER_BYTES && unread.length > unread.readUInt32BE(1)) {
      const end = unread.readUInt32BE(1) + 1;
      const [type, text] = [unread[0], unread.toString("utf8", HEADER_BYTES, end)];
      unread = unread.subarray(end);
      if (type === ERROR_RESPONSE && NOT_ACCEPTING.test(text)) return reject(failure("57P03"));
      if (type === PARAMETER_STATUS) {
        const [name = "", value = ""] = text.split("\0");
        parameters.set(name, value);
      }
      if (type !== READY_FOR_QUERY) continue;
      if (!accepts(stateOf(parameters))) return reject(failure("WRONG_ROLE"));
      socket.emit = emit as typeof socket.emit;
      accepted();
      return true;
    }
    return true;
  }

  socket.emit = ((event: string, ...args: unknown[]) => {
    if (event === "error") return reject(args[0] as Error);
    if (event === "end") return reject(failure(HUNG_UP));
    if (event === "close") rejected(failure("CONNECT_TIMEOUT"));
    return (event !== "data" || inspect(args[0] as Buffer)) && emit.call(socket, event, ...args);
  }) as typeof socket.emit;
}

const failure = (code: string) => Object.assign(new Error("the connection was not accepted"), { code });

function stateOf(parameters: ReadonlyMap<string, string>): Partial<SessionState> {
  const [isStandby, isReadOnly] = [parameters.get("in_hot_standby"), parameters.get("default_transaction_read_only")];
  return {
    ...(isStandby === undefined ? {} : { isStandby: isStandby === "on" }),
    ...(isReadOnly === undefined ? {} : { isReadOnly: isReadOnly === "on" || isStandby === "on" }),
  };
}
