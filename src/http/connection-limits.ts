import type { Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { MAX_HEAD_BYTES } from "./request/request-head.ts";

export interface HttpLimits {
  readonly headersTimeoutMs: number;
  /** The time limit for the headers and the body together. */
  readonly requestTimeoutMs: number;
  readonly connectionsCheckingIntervalMs: number;
  /** The limit of the request line and the headers together. */
  readonly maxHeaderBytes: number;
  /** The time limit of a connection on which no bytes move while a request is read or answered. */
  readonly silenceTimeoutMs: number;
  readonly keepAliveTimeoutMs: number;
  readonly maxConnections: number;
  /** During a stop, an idle connection stays open for this long, so that a request that is already on its way can arrive. */
  readonly stopLingerMs: number;
  /** The bytes that the process buffers for slow clients. */
  readonly maxBufferedBytes: number;
}

/** `docs/measurements/limits.md` compares these limits with the defaults of Node. */
export const HTTP_LIMITS: Omit<HttpLimits, "silenceTimeoutMs" | "maxBufferedBytes"> = {
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 15_000,
  connectionsCheckingIntervalMs: 1000,
  /** Twice the limit of `checkRequestHead`, whose error responses have a JSON body and CORS headers, unlike those of Node. */
  maxHeaderBytes: 2 * MAX_HEAD_BYTES,
  /** Longer than the 60 s of common load balancers. A request is lost if the server closes a connection that the client still uses. */
  keepAliveTimeoutMs: 65_000,
  maxConnections: 5000,
  stopLingerMs: 500,
};

interface LimitSettings {
  readonly requestTimeoutMs: number;
  readonly liveStreams: number;
}

/** The limits that depend on settings. */
export function connectionLimitsOf({ requestTimeoutMs, liveStreams }: LimitSettings) {
  return {
    /** Longer than the deadline of a request, during which the server may send nothing. */
    silenceTimeoutMs: Math.max(30_000, requestTimeoutMs + 5000),
    /** Streams are never idle, so a fifth of the connections remains for requests. */
    maxConnections: Math.max(HTTP_LIMITS.maxConnections, Math.ceil(liveStreams * 1.25)),
  };
}

/** Above this share of `maxConnections`, each new connection closes the connection that has been idle for longest. */
const EVICTION_SHARE = 0.9;

/** After FIN, the rest of a request is read for this long, because closing a socket with unread data sends RST. */
const CLOSE_LINGER_MS = 500;

export type Connections = ReturnType<typeof trackConnections>;

type TrackedLimits = Pick<HttpLimits, "maxConnections" | "stopLingerMs">;

/** Tracks which connections are idle, including those without a complete request, and closes the oldest above the limit. */
export function trackConnections(server: Server, { maxConnections, stopLingerMs }: TrackedLimits) {
  /** The idle connections with the time (`performance.now()`) since which each is idle, the longest first. */
  const idleSince = new Map<Socket, number>();
  const lastResponses = new WeakMap<Duplex, ServerResponse>();
  const openResponses = new WeakMap<Socket, Set<ServerResponse>>();
  const upgraded = new Set<Socket>();
  let open = 0;

  server.maxConnections = maxConnections;
  server.on("connection", (socket) => {
    open += 1;
    idleSince.set(socket, performance.now());
    socket.once("close", () => {
      open -= 1;
      idleSince.delete(socket);
      for (const response of openResponses.get(socket) ?? []) closeWithoutSocket(response);
    });
    const [oldest] = open > maxConnections * EVICTION_SHARE ? idleSince.keys() : [];
    if (oldest !== undefined && oldest !== socket) oldest.destroy();
  });

  // Replaces Node's `closeIdleConnections`, which skips connections without a complete request and may reset a connection whose next request is arriving.
  server.closeIdleConnections = () => {
    const now = performance.now();
    for (const [socket, since] of idleSince) {
      if (now - since < stopLingerMs) continue;
      // Closing a connection while its body arrives sends RST, and the client may lose the response.
      if (lastResponses.get(socket)?.req.complete !== false) closeGracefully(socket);
    }
  };

  // Node does not close connections that were upgraded to WebSocket.
  const closeAllOfHttp = server.closeAllConnections.bind(server);
  server.closeAllConnections = () => {
    closeAllOfHttp();
    for (const socket of upgraded) socket.destroy();
  };

  return {
    /** Counts a WebSocket connection as busy, until it closes. */
    addUpgraded(socket: Socket): void {
      upgraded.add(socket);
      socket.once("close", () => upgraded.delete(socket));
    },

    /** The response to the last request on this connection. */
    lastResponse: (socket: Duplex) => lastResponses.get(socket),

    /** Counts the connection as busy until this response is closed. */
    startResponse(response: ServerResponse): void {
      const { socket } = response.req;
      idleSince.delete(socket);
      lastResponses.set(socket, response);
      const responses = openResponses.get(socket) ?? new Set();
      openResponses.set(socket, responses.add(response));
      response.once("close", () => {
        responses.delete(response);
        // A pipelined request may already have arrived on this socket.
        const isIdle = !socket.destroyed && lastResponses.get(socket) === response;
        if (isIdle) idleSince.set(socket, performance.now());
      });
    },
  };
}

/**
 * Emits the `close` event of a response that waits for an earlier response on its connection. When the connection closes, Node
 * emits this event only for the response that is being sent, and listeners would keep the others in memory.
 */
function closeWithoutSocket(response: ServerResponse): void {
  if (response.socket !== null || response.closed) return;
  // The getter `closed` reads `_closed`.
  Object.assign(response, { destroyed: true, _closed: true });
  response.emit("close");
}

/** Sends FIN and keeps reading for `CLOSE_LINGER_MS`. */
export function closeGracefully(socket: Socket): void {
  if (socket.writableEnded) return;
  socket.end();
  setTimeout(() => socket.destroy(), CLOSE_LINGER_MS).unref();
}
