import { EventEmitter } from "node:events";
import type { Credentials } from "../../auth/authenticate.ts";
import type { LimitedResponse } from "../../rate-limit/limited-request.ts";

const CREDENTIAL_HEADERS: ReadonlySet<string> = new Set(["authorization", "x-api-key"]);

/**
 * The credentials of a connection: those in `connectionParams`, because browsers cannot set headers, or else those of the
 * handshake. Names may have any case, and may be within `headers`, as some clients send them.
 */
export function credentialsOf(handshake: Credentials, connectionParams: Record<string, unknown> = {}): Credentials {
  const headers: Record<string, string> = {};
  for (const [name, value] of [...entriesOf(connectionParams.headers), ...entriesOf(connectionParams)]) {
    const header = name.toLowerCase();
    const isGiven = value !== null && value !== undefined;
    if (CREDENTIAL_HEADERS.has(header) && isGiven) headers[header] = typeof value === "string" ? value : "";
  }
  const given = Object.entries(headers);
  if (given.length > 0)
    return { headers, headersDistinct: Object.fromEntries(given.map(([name, value]) => [name, [value]])) };
  return { headers: handshake.headers, headersDistinct: handshake.headersDistinct };
}

function entriesOf(value: unknown): [string, unknown][] {
  return typeof value === "object" && value !== null ? Object.entries(value) : [];
}

/** Takes the place of the HTTP response in the limits of an operation, which are those of a request. */
export class OperationResponse extends EventEmitter implements Pick<LimitedResponse, "closed"> {
  readonly locals = {} as Express.Locals;
  /** The response of a socket that stops is closed with the socket. */
  readonly headersSent = false;
  readonly socket = null;
  closed = false;

  /** There are no headers. */
  setHeader(): this {
    return this;
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.emit("close");
  }
}
