import type { IncomingMessage } from "node:http";

/**
 * Whether a request asks for a WebSocket connection (RFC 6455, section 4.1). Any other upgrade is ignored (RFC 9110, section
 * 7.8), because the HTTP client of Java asks for `h2c` with ordinary requests.
 */
export function isWebSocketHandshake({ method, headers }: IncomingMessage): boolean {
  return (
    method === "GET" &&
    headers.upgrade?.trim().toLowerCase() === "websocket" &&
    headers["sec-websocket-key"] !== undefined &&
    headers["transfer-encoding"] === undefined &&
    Number(headers["content-length"] ?? 0) === 0
  );
}
