import { STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import type { Failure } from "../../errors.ts";
import type { CorsHeaders } from "../cors.ts";
import { failureBody } from "./error-response.ts";

/** A connection that is closed while bytes come in is reset, and the answer may be lost with it. */
const LINGER_MS = 500;

/** The parts of a request that Node could read before it failed. */
export interface UnreadRequest {
  readonly url: string;
  readonly accept: string | undefined;
  readonly origin: string | undefined;
}

/** Reads the request line and headers from bytes that Node's parser refused. Empty if the bytes begin in the middle of a request. */
export function unreadRequestIn(packet: Buffer | undefined): UnreadRequest {
  const text = packet?.toString("latin1") ?? "";
  const [, url = ""] = /^[A-Z]+ (\/[^\s?#]*)/.exec(text) ?? [];
  const headerOf = (name: string) => new RegExp(`\\r\\n${name}:[ \\t]*([^\\r\\n]*)`, "i").exec(text)?.[1]?.trim();
  return { url, accept: headerOf("accept"), origin: headerOf("origin") };
}

interface RawAnswer {
  readonly failure: Failure;
  readonly requestId: string;
  readonly request: UnreadRequest;
  readonly corsHeaders: CorsHeaders;
}

/** For a request that Node could not read, so that there is no response to write to. Ends the connection. */
export function answerFailureOnSocket(socket: Duplex, { failure, requestId, request, corsHeaders }: RawAnswer): void {
  const { contentType, body } = failureBody(failure, request);
  const lines = [
    `HTTP/1.1 ${failure.status} ${STATUS_CODES[failure.status]}`,
    "Connection: close",
    `Content-Type: ${contentType}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    "Cache-Control: no-store",
    `X-Request-ID: ${requestId}`,
    "X-Content-Type-Options: nosniff",
    ...Object.entries(corsHeaders(request.origin)).map(([name, value]) => `${name}: ${value}`),
  ];
  socket.on("error", () => socket.destroy());
  socket.end(`${lines.join("\r\n")}\r\n\r\n${body}`);
  setTimeout(() => socket.destroy(), LINGER_MS).unref();
}
