import type { IncomingMessage, Server } from "node:http";
import type { Duplex } from "node:stream";
import { Failure, type FailureKind, MALFORMED_REQUEST } from "../errors.ts";
import type { Connections } from "./connection-limits.ts";
import { parseMalformedRequest, type RequestSummary } from "./response/raw-response.ts";

const KIND_BY_CODE: Readonly<Record<string, FailureKind>> = {
  ERR_HTTP_REQUEST_TIMEOUT: "REQUEST_TIMEOUT",
  HPE_HEADER_OVERFLOW: "HEADERS_TOO_LARGE",
  HPE_CHUNK_EXTENSIONS_OVERFLOW: "PAYLOAD_TOO_LARGE",
};

/** The errors of Node's HTTP parser, which include the refused bytes. */
interface ClientError extends NodeJS.ErrnoException {
  readonly rawPacket?: Buffer;
}

type SendError = (socket: Duplex, failure: Failure, request: RequestSummary) => void;

/** Answers what Node cannot parse as a request, after the response to the previous request on the same connection. */
export function answerMalformedRequests(server: Server, connections: Connections, sendError: SendError) {
  /** Sockets that were already refused. Node may report several errors for one socket. */
  const refused = new WeakSet<Duplex>();

  function refuse(socket: Duplex, failure: Failure, packet?: Buffer): void {
    if (refused.has(socket)) return;
    refused.add(socket);
    const previous = connections.lastResponse(socket);
    const finish = () => {
      // A response was already started, or sent before the whole body was read. The client would take a second response as the answer to its next request.
      const isAnswered = previous?.headersSent === true && !(previous.writableFinished && previous.req.complete);
      if (isAnswered || !socket.writable) socket.destroy();
      else if (previous?.req.complete === false) sendError(socket, failure, summaryOf(previous.req));
      else sendError(socket, failure, parseMalformedRequest(packet));
    };
    if (previous?.req.complete && !previous.closed) previous.once("close", finish);
    else finish();
  }

  server.on("connect", (_request, socket) => refuse(socket, new Failure("METHOD_NOT_ALLOWED")));
  server.on("clientError", ({ code = "", rawPacket }: ClientError, socket) => {
    if (code === "ECONNRESET") socket.destroy();
    else refuse(socket, failureOf(code), rawPacket);
  });
  return { refuse };
}

/** Summarises a request whose body did not arrive in time. */
function summaryOf({ url = "", headers }: IncomingMessage): RequestSummary {
  return { url, accept: headers.accept, origin: headers.origin };
}

function failureOf(code: string): Failure {
  const kind = KIND_BY_CODE[code];
  return kind === undefined ? new Failure("INVALID_INPUT", { message: MALFORMED_REQUEST }) : new Failure(kind);
}
