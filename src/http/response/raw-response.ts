import { STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import type { Failure } from "../../errors.ts";
import type { CorsHeaders } from "../cors.ts";
import { failureBody } from "./error-response.ts";

/** Closing a connection while bytes arrive sends RST, and the client may lose the response. */
const LINGER_MS = 500;

/** The parts of a request that an error response depends on. */
export interface RequestSummary {
  readonly url: string;
  readonly accept: string | undefined;
  readonly origin: string | undefined;
}

/** Reads the request line and headers from bytes that Node's parser refused. Empty if the bytes begin in the middle of a request. */
export function parseMalformedRequest(packet: Buffer | undefined): RequestSummary {
  const text = packet?.toString("latin1") ?? "";
  const [, url = ""] = /^[A-Z]+ (\/[^\s?#]*)/.exec(text) ?? [];
  const headerOf = (name: string) => new RegExp(`\\r\\n${name}:[ \\t]*([^\\r\\n]*)`, "i").exec(text)?.[1]?.trim();
  return { url, accept: headerOf("accept"), origin: headerOf("origin") };
}

interface RawResponse {
  readonly failure: Failure;
  readonly requestId: string;
  readonly request: RequestSummary;
  readonly corsHeaders: CorsHeaders;
}

/** Writes an error response to the socket and closes it, because Node creates no response for a malformed request. */
export function sendFailureOnSocket(socket: Duplex, { failure, requestId, request, corsHeaders }: RawResponse): void {
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
