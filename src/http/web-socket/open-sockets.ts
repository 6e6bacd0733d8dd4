import type { Request, Response } from "express";
import { CloseCode, DEPRECATED_GRAPHQL_WS_PROTOCOL, GRAPHQL_TRANSPORT_WS_PROTOCOL } from "graphql-ws";
import { type WebSocket, WebSocketServer } from "ws";
import type { Credentials } from "../../auth/authenticate.ts";
import { Failure } from "../../errors.ts";
import type { LimitedRequest } from "../../rate-limit/limited-request.ts";
import { createRefusalDelay } from "../../rate-limit/refusal-delay.ts";
import { deadlineIn } from "../../values/deadline.ts";
import { logDependencyFailure } from "../error-handler.ts";
import { MAX_BODY_BYTES } from "../request/request-body.ts";
import type { BufferLimit } from "../response/buffer-limit.ts";
import { serveSocket } from "./serve-socket.ts";
import { createSocketConnection, type SocketConnection } from "./socket-connection.ts";
import { credentialsOf } from "./socket-credentials.ts";
import { createOperationRunner, type OperationApi } from "./socket-operation.ts";
import { createSocketProtocol } from "./socket-protocol.ts";

/** As long as the headers of a request may take. Clients may fetch a token before they send the first message. */
const CONNECTION_INIT_TIMEOUT_MS = 10_000;
/** How long a client may take to confirm the end of its connection. */
const CLOSE_TIMEOUT_MS = 1000;
/** The frames of one message. Clients send a message in one frame, or in few. */
const MAX_FRAMES = 1000;
/** The queries that one connection may run at once, beside its subscriptions. */
const MAX_QUERIES = 10;
const PROTOCOL_HINT = `Use the subprotocol ${GRAPHQL_TRANSPORT_WS_PROTOCOL} of the package graphql-ws`;

const SERVER_OPTIONS = {
  noServer: true,
  clientTracking: false,
  maxPayload: MAX_BODY_BYTES,
  maxFragments: MAX_FRAMES,
  closeTimeout: CLOSE_TIMEOUT_MS,
  // The event loop must run between two messages, so that graphql-ws forgets an operation that the client has completed.
  allowSynchronousEvents: false,
  // A browser shows the reason of a close only if the server has chosen one of its subprotocols.
  handleProtocols: (offered: Set<string>) =>
    [GRAPHQL_TRANSPORT_WS_PROTOCOL, DEPRECATED_GRAPHQL_WS_PROTOCOL].find((name) => offered.has(name)) ?? false,
};

/** Shorter times for tests. */
export interface SocketTimes {
  readonly connectionInitMs: number;
  readonly beatEveryMs: number;
}

interface OpenSocketsOptions {
  readonly operations: OperationApi;
  readonly limits: {
    readonly sockets: number;
    /** The connections of one user, and the operations of one connection. */
    readonly perUser: number;
    readonly silenceTimeoutMs: number;
  };
  readonly buffers: BufferLimit;
  readonly onRefusal: () => void;
  readonly times: Partial<SocketTimes>;
}

export type OpenSockets = ReturnType<typeof createOpenSockets>;

/** The WebSocket connections of one process. Limits their number, and closes them when the server stops. */
export function createOpenSockets({ operations, limits, buffers, onRefusal, times }: OpenSocketsOptions) {
  const { log } = operations;
  const server = new WebSocketServer(SERVER_OPTIONS);
  // Otherwise the library responds with HTML. The error handler of the handshake receives this failure.
  server.on("wsClientError", ({ message }) => {
    throw new Failure("INVALID_INPUT", { message: `The WebSocket handshake is invalid: ${message}` });
  });
  const protocol = createSocketProtocol(times.connectionInitMs ?? CONNECTION_INIT_TIMEOUT_MS);
  const runOperation = createOperationRunner(operations);
  const delayRefusal = createRefusalDelay();
  const open = new Map<SocketConnection, WebSocket>();
  const perUser = new Map<string, number>();
  let isStopping = false;

  function refuse(failure: Failure): never {
    onRefusal();
    throw failure;
  }

  /** At the limit, closes the oldest connection that has not sent its credential. */
  function closeOldestIfFull(response: Response): void {
    if (open.size < limits.sockets) return;
    const [, oldest] = [...open].find(([connection]) => !connection.isIdentified()) ?? [];
    if (oldest === undefined) {
      response.locals.exceededLimit = "connections";
      refuse(new Failure("UNAVAILABLE"));
    }
    oldest.terminate();
  }

  function countUser(userId: string, connections: number): void {
    const count = (perUser.get(userId) ?? 0) + connections;
    if (count === 0) perUser.delete(userId);
    else perUser.set(userId, count);
  }

  /** Authenticates the first message of a connection within the limits of a request. */
  async function authenticate(request: Request, socket: WebSocket, params: Record<string, unknown> | undefined) {
    const response = request.res as Response;
    const credentials: Credentials = credentialsOf(request, params);
    const limited: LimitedRequest = { ...credentials, ip: request.ip, res: response };
    const deadline = deadlineIn(operations.requestTimeoutMs);
    response.locals.deadline = deadline;
    try {
      await operations.limits?.identifyConnection(limited, response);
      const { userId } = await operations.authenticate(limited, deadline);
      if (socket.readyState !== socket.OPEN) throw new Failure("UNAVAILABLE");
      if ((perUser.get(userId) ?? 0) >= limits.perUser) {
        response.locals.exceededLimit = "connections_of_user";
        const message = `This user already has ${limits.perUser} WebSocket connections, which is the limit`;
        refuse(new Failure("RATE_LIMITED", { message }));
      }
      countUser(userId, 1);
      socket.once("close", () => countUser(userId, -1));
      return credentials;
    } catch (error) {
      if (!(error instanceof Failure))
        log.error({ requestId: response.locals.requestId, err: error }, "unexpected error");
      const failure = error instanceof Failure ? error : new Failure("INTERNAL");
      logDependencyFailure(log, response.locals.requestId, failure);
      await new Promise<void>((resolve) => delayRefusal(request, failure, resolve));
      throw failure;
    } finally {
      response.locals.slot?.end(deadline);
    }
  }

  function serve(socket: WebSocket, request: Request, response: Response): void {
    const { requestId } = response.locals;
    const connection = createSocketConnection({
      socket,
      requestId,
      ip: request.ip,
      maxOperations: limits.perUser + MAX_QUERIES,
      runOperation,
      authenticate: (params) => authenticate(request, socket, params),
      onOperation() {
        response.locals.hasOperations = true;
      },
    });
    open.set(connection, socket);
    socket.once("close", () => open.delete(connection));
    const { handler } = connection;
    serveSocket({ socket, response, protocol, handler, buffers, log, beatEveryMs: times.beatEveryMs });
    if (isStopping) connection.stop();
  }

  return {
    size: () => open.size,

    /** Completes a handshake. Throws UNAVAILABLE, or INVALID_INPUT for a malformed handshake. */
    accept(request: Request, response: Response): void {
      if (isStopping) refuse(new Failure("UNAVAILABLE"));
      closeOldestIfFull(response);
      response.setHeader("Sec-WebSocket-Version", "13");
      const head = response.locals.upgradeHead ?? Buffer.alloc(0);
      server.handleUpgrade(request, request.socket, head, (socket) => {
        response.statusCode = 101;
        response.locals.isStream = true;
        // The library has removed the time limit of the connection.
        request.socket.setTimeout(limits.silenceTimeoutMs);
        // A malformed or an oversized frame, for which the library closes the connection with the right code.
        socket.on("error", () => {});
        if (socket.protocol === GRAPHQL_TRANSPORT_WS_PROTOCOL) serve(socket, request, response);
        else socket.close(CloseCode.SubprotocolNotAcceptable, PROTOCOL_HINT);
      });
    },

    /** Closes all connections with 1001, so that clients reconnect to another server. Call it before the streams are closed. */
    closeAll(): void {
      isStopping = true;
      for (const connection of open.keys()) connection.stop();
    },
  };
}
