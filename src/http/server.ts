import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Express, Request, Response } from "express";
import { Failure, type FailureKind } from "../errors.ts";
import type { Log } from "../log.ts";
import type { CorsHeaders } from "./cors.ts";
import { finalErrorHandler } from "./error-handler.ts";
import { expressMessages } from "./express-prototypes.ts";
import { MAX_HEAD_BYTES } from "./request/request-head.ts";
import { requestIdOf } from "./request/request-id.ts";
import { authorityOf, originFormOf } from "./request/request-target.ts";
import { type BufferLimit, createBufferLimit } from "./response/buffer-limit.ts";
import { answerFailure } from "./response/error-response.ts";
import { answerFailureOnSocket, type UnreadRequest, unreadRequestIn } from "./response/raw-response.ts";

export interface HttpLimits {
  readonly headersTimeoutMs: number;
  /** Headers and body together. */
  readonly requestTimeoutMs: number;
  readonly connectionsCheckingIntervalMs: number;
  /** The request line and the headers together. */
  readonly maxHeaderBytes: number;
  /** A connection on which nothing moves while a request is being read or answered. */
  readonly silenceTimeoutMs: number;
  readonly keepAliveTimeoutMs: number;
  readonly maxConnections: number;
  /** What the process holds for slow callers, all together. */
  readonly maxUnreadBytes?: number;
}

/** Node's own are 60 s, 300 s, 30 s, 16 KB, none, 5 s and none. */
const HTTP_LIMITS: Omit<HttpLimits, "silenceTimeoutMs"> = {
  /** 1,000 sockets that sent a header line each half second were gone after 11.3 s, and other callers were answered. */
  headersTimeoutMs: 10_000,
  /** The largest body, 100 KB, over a line of 56 kbit/s. */
  requestTimeoutMs: 15_000,
  connectionsCheckingIntervalMs: 1000,
  /** Twice the limit of `checkRequestHead`, whose refusals have a JSON body and CORS headers, unlike those of Node. */
  maxHeaderBytes: 2 * MAX_HEAD_BYTES,
  /** Longer than a load balancer's 60 s: who closes first must be the one who sends requests, or some get lost. */
  keepAliveTimeoutMs: 65_000,
  /** 20 KB each when idle after a request. */
  maxConnections: 5000,
};

/** A caller who does not read its answer. Beyond the deadline of a request. */
export function silenceTimeoutOf({ requestTimeoutMs }: { requestTimeoutMs: number }): number {
  return Math.max(30_000, requestTimeoutMs + 5000);
}

/** From here on a new connection takes the place of the one that has been idle for longest. */
const CROWDED = 0.9;

/** During a stop, an idle connection stays open for this long, so that a request that is already on its way can arrive. */
const STOP_LINGER_MS = 500;

const KIND_BY_FAULT: Readonly<Record<string, FailureKind>> = {
  ERR_HTTP_REQUEST_TIMEOUT: "REQUEST_TIMEOUT",
  HPE_HEADER_OVERFLOW: "HEADERS_TOO_LARGE",
  HPE_CHUNK_EXTENSIONS_OVERFLOW: "PAYLOAD_TOO_LARGE",
};

/** The type of Node's parser errors, which include the refused bytes. */
interface ClientError extends NodeJS.ErrnoException {
  readonly rawPacket?: Buffer;
}

interface Witnesses {
  readonly log: Log;
  /** Told of what was no request, and so reaches no middleware. */
  readonly onRefusal: (failure: Failure) => void;
  readonly corsHeaders?: CorsHeaders;
  readonly unread?: BufferLimit;
}

/** Listens to nothing yet. Whatever a caller does on the wire ends soon, and with an answer of ours where one can be read. */
export function createHttpServer(
  app: Express,
  { log, onRefusal, corsHeaders = () => ({}), unread = createBufferLimit() }: Witnesses,
  overrides: Partial<HttpLimits> & Pick<HttpLimits, "silenceTimeoutMs">,
): Server {
  const limits = { ...HTTP_LIMITS, ...overrides };
  const server = createServer({
    ...expressMessages(app, unread),
    headersTimeout: limits.headersTimeoutMs,
    requestTimeout: limits.requestTimeoutMs,
    connectionsCheckingInterval: limits.connectionsCheckingIntervalMs,
    maxHeaderSize: limits.maxHeaderBytes,
    keepAliveTimeout: limits.keepAliveTimeoutMs,
    // `checkRequestHead` does it with a body; Node's 400 has none.
    requireHostHeader: false,
  });
  server.setTimeout(limits.silenceTimeoutMs);
  server.maxConnections = limits.maxConnections;

  function noteRefusal(requestId: string, failure: Failure): void {
    log.info({ requestId, status: failure.status }, "not a request");
    onRefusal(failure);
  }

  /** The time since which each connection is idle, the longest first. A connection without a complete request is idle, too. */
  const idle = new Map<Socket, number>();
  let connections = 0;
  server.on("connection", (socket) => {
    connections += 1;
    idle.set(socket, performance.now());
    socket.once("close", () => {
      connections -= 1;
      idle.delete(socket);
    });
    const [oldest] = connections > limits.maxConnections * CROWDED ? idle.keys() : [];
    if (oldest !== undefined && oldest !== socket) oldest.destroy();
  });

  const answers = new WeakMap<Duplex, ServerResponse>();
  // Replaces Node's `closeIdleConnections`, which skips connections without a complete request and may reset a connection whose next request is arriving.
  server.closeIdleConnections = () => {
    const now = performance.now();
    for (const [socket, since] of idle) {
      if (now - since < STOP_LINGER_MS) continue;
      // Closing a connection while its body arrives sends RST, and the client may lose the response.
      if (answers.get(socket)?.req.complete !== false) endGently(socket);
    }
  };
  server.on("request", (request: Request, response: Response) => {
    const { socket } = request;
    // This request arrived after our FIN was sent, so no response can be written.
    if (socket.writableEnded) {
      socket.destroy();
      return;
    }
    if (!unread.begin(request, response)) return;
    idle.delete(socket);
    answers.set(socket, response);
    response.once("close", () => {
      // Unless a pipelined request has already arrived on this socket.
      if (!socket.destroyed && answers.get(socket) === response) idle.set(socket, performance.now());
    });
    const target = originFormOf(request.url ?? "");
    if (target === null) {
      const requestId = requestIdOf(request);
      const failure = new Failure("INVALID_INPUT", { message: "The request target is malformed" });
      noteRefusal(requestId, failure);
      response.setHeader("X-Request-ID", requestId);
      response.setHeader("Connection", "close");
      for (const [name, value] of Object.entries(corsHeaders(request.headers.origin))) response.setHeader(name, value);
      answerFailure(response, failure);
      return;
    }
    // RFC 9112 section 3.2.2: the authority of an absolute target replaces the Host header.
    request.headers.host = authorityOf(request.url ?? "") ?? request.headers.host;
    request.url = target;
    app(request, response, finalErrorHandler(log, response));
  });
  // Any expectation but 100-continue: RFC 9110 section 10.1.1 lets a server pass over it.
  server.on("checkExpectation", (request, response) => server.emit("request", request, response));

  /** With an id of ours: the caller's cannot be read. */
  function refuse(socket: Duplex, failure: Failure, request: UnreadRequest): void {
    const requestId = randomUUID();
    noteRefusal(requestId, failure);
    answerFailureOnSocket(socket, { failure, requestId, request, corsHeaders });
  }
  /** What follows on a connection that is refused is faulty as well. */
  const refused = new WeakSet<Duplex>();
  /** After the answer to the request before it, where that one came whole. */
  function refuseInTurn(socket: Duplex, failure: Failure, packet?: Buffer): void {
    if (refused.has(socket)) return;
    refused.add(socket);
    const answer = answers.get(socket);
    const end = () => {
      // Half told, or told before the rest of its body came: a second answer would be taken for the next request's.
      const isAnswered = answer?.headersSent === true && !(answer.writableFinished && answer.req.complete);
      if (isAnswered || !socket.writable) socket.destroy();
      else
        refuse(socket, failure, answer?.req.complete === false ? unreadRequestOf(answer.req) : unreadRequestIn(packet));
    };
    if (answer?.req.complete && !answer.closed) answer.once("close", end);
    else end();
  }
  server.on("connect", (_request, socket) => refuseInTurn(socket, new Failure("METHOD_NOT_ALLOWED")));
  server.on("clientError", ({ code = "", rawPacket }: ClientError, socket) => {
    if (code === "ECONNRESET") socket.destroy();
    else refuseInTurn(socket, failureOf(code), rawPacket);
  });
  return server;
}

/** The parts of a request whose body did not arrive in time. */
function unreadRequestOf({ url = "", headers }: IncomingMessage): UnreadRequest {
  return { url, accept: headers.accept, origin: headers.origin };
}

function failureOf(code: string): Failure {
  const kind = KIND_BY_FAULT[code];
  return kind === undefined ? new Failure("INVALID_INPUT", { message: "The request is malformed" }) : new Failure(kind);
}

/** Sends FIN and keeps reading, because closing a socket with unread data sends RST. */
function endGently(socket: Socket): void {
  if (socket.writableEnded) return;
  socket.end();
  setTimeout(() => socket.destroy(), STOP_LINGER_MS).unref();
}
