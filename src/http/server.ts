import { randomUUID } from "node:crypto";
import { createServer, type Server, ServerResponse } from "node:http";
import type { Express, Request, Response } from "express";
import { Failure } from "../errors.ts";
import type { Log } from "../log.ts";
import { closeGracefully, HTTP_LIMITS, type HttpLimits, trackConnections } from "./connection-limits.ts";
import type { CorsHeaders } from "./cors.ts";
import { finalErrorHandler } from "./error-handler.ts";
import { expressMessageClasses } from "./express-prototypes.ts";
import { answerMalformedRequests } from "./malformed-requests.ts";
import { requestIdOf } from "./request/request-id.ts";
import { authorityOf, originFormOf } from "./request/request-target.ts";
import { type BufferLimit, createBufferLimit } from "./response/buffer-limit.ts";
import { sendFailure } from "./response/error-response.ts";
import { sendFailureOnSocket } from "./response/raw-response.ts";

interface HttpServerOptions {
  /** Handles WebSocket handshakes. Without it they are ordinary requests. */
  readonly webSocketApp?: Express;
  readonly log: Log;
  /** Called for each request that is refused before it reaches the middleware. */
  readonly onRefusal: (failure: Failure) => void;
  readonly corsHeaders?: CorsHeaders;
  readonly buffers?: BufferLimit;
  readonly limits: Partial<HttpLimits> & Pick<HttpLimits, "silenceTimeoutMs">;
}

/** Creates a server that limits what each connection may take, and that answers malformed requests with this API's errors. */
export function createHttpServer(app: Express, options: HttpServerOptions): Server {
  const { webSocketApp, log, onRefusal, buffers = createBufferLimit() } = options;
  const corsHeaders: CorsHeaders = options.corsHeaders ?? (() => ({}));
  const limits = { ...HTTP_LIMITS, ...options.limits };
  const server = createServer({
    ...expressMessageClasses(app, buffers),
    headersTimeout: limits.headersTimeoutMs,
    requestTimeout: limits.requestTimeoutMs,
    connectionsCheckingInterval: limits.connectionsCheckingIntervalMs,
    maxHeaderSize: limits.maxHeaderBytes,
    keepAliveTimeout: limits.keepAliveTimeoutMs,
    // `checkRequestHead` checks the Host header, because Node's error response has no body.
    requireHostHeader: false,
  });
  server.setTimeout(limits.silenceTimeoutMs);
  const connections = trackConnections(server, limits);

  function recordRefusal(requestId: string, failure: Failure): void {
    log.info({ requestId, status: failure.status }, "malformed request");
    onRefusal(failure);
  }

  function refuseTarget(request: Request, response: Response): void {
    const requestId = requestIdOf(request);
    const failure = new Failure("INVALID_INPUT", { message: "The request target is malformed" });
    recordRefusal(requestId, failure);
    response.setHeader("X-Request-ID", requestId);
    response.setHeader("Connection", "close");
    for (const [name, value] of Object.entries(corsHeaders(request.headers.origin))) response.setHeader(name, value);
    sendFailure(response, failure);
  }

  function handle(handler: Express, request: Request, response: Response): void {
    // This request arrived after our FIN was sent, so no response can be written.
    if (request.socket.writableEnded) {
      request.socket.destroy();
      return;
    }
    if (!buffers.begin(request, response)) return;
    connections.startResponse(response);
    const target = originFormOf(request.url ?? "");
    if (target === null) {
      refuseTarget(request, response);
      return;
    }
    // RFC 9112 section 3.2.2: the authority of an absolute target replaces the Host header.
    request.headers.host = authorityOf(request.url ?? "") ?? request.headers.host;
    request.url = target;
    handler(request, response, finalErrorHandler(log, response));
  }

  server.on("request", (request: Request, response: Response) => handle(app, request, response));
  // Handles a request with any `Expect` other than 100-continue as if it had none, which RFC 9110 section 10.1.1 allows.
  server.on("checkExpectation", (request, response) => server.emit("request", request, response));

  const { refuse } = answerMalformedRequests(server, connections, (socket, failure, request) => {
    // The caller's request id cannot be read.
    const requestId = randomUUID();
    recordRefusal(requestId, failure);
    sendFailureOnSocket(socket, { failure, requestId, request, corsHeaders });
  });

  if (webSocketApp === undefined) return server;
  server.on("upgrade", (request: Request, _socket, upgradeHead) => {
    const { socket } = request;
    // Node has removed its listeners, because the connection leaves HTTP.
    socket.on("error", () => socket.destroy());
    socket.once("timeout", () => socket.destroy());
    if (connections.lastResponse(socket)?.closed === false) {
      refuse(socket, new Failure("INVALID_INPUT", { message: "A WebSocket handshake must not be pipelined" }));
      return;
    }
    connections.addUpgraded(socket);
    // The response is closed with the connection, so that its log line and its metrics are those of the connection.
    const response = Object.assign(new ServerResponse(request), { locals: { upgradeHead } }) as unknown as Response;
    response.shouldKeepAlive = false;
    response.assignSocket(socket);
    response.once("finish", () => closeGracefully(socket.resume()));
    handle(webSocketApp, request, response);
  });
  return server;
}
