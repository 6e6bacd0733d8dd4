import { STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import type { Failure } from "../errors.ts";
import { envelopeOf } from "./failure-answer.ts";

/** A connection that is closed while bytes come in is reset, and the answer may be lost with it. */
const LINGER_MS = 500;

/** For a request that Node could not read, so that there is no response to write to. Ends the connection. */
export function answerFailureOnSocket(socket: Duplex, failure: Failure, requestId: string): void {
  const body = JSON.stringify(envelopeOf(failure));
  const lines = [
    `HTTP/1.1 ${failure.status} ${STATUS_CODES[failure.status]}`,
    "Connection: close",
    "Content-Type: application/json; charset=utf-8",
    `Content-Length: ${Buffer.byteLength(body)}`,
    "Cache-Control: no-store",
    `X-Request-ID: ${requestId}`,
    "X-Content-Type-Options: nosniff",
  ];
  socket.on("error", () => socket.destroy());
  socket.end(`${lines.join("\r\n")}\r\n\r\n${body}`);
  setTimeout(() => socket.destroy(), LINGER_MS).unref();
}
