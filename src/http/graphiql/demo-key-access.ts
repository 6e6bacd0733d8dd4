import type { IncomingMessage } from "node:http";

/** Deliberately strict: a trailing dot, a shortened address or an IPv4-mapped IPv6 address is not accepted. */
const LOOPBACK_HOST = /^(localhost|127(\.(25[0-5]|2[0-4]\d|1?\d?\d)){3}|\[::1\])(:\d{1,5})?$/i;
const LOOPBACK_ADDRESS = /^(127\.|::ffff:127\.|::1$)/;
const PROXY_HEADER = /^(x-forwarded|x-original-|x-real-ip$|forwarded$|via$|cf-|cdn-loop$|true-client-ip$)/;

/**
 * Whether the page may contain the demo's key: only for a browser on this machine that opens the page itself.
 * The Host header is checked because of DNS rebinding, where a foreign name resolves to a loopback address.
 */
export function mayContainDemoKey({ headers, httpVersion, socket }: IncomingMessage): boolean {
  const isLoopback =
    LOOPBACK_HOST.test(headers.host ?? "") &&
    LOOPBACK_ADDRESS.test(socket.remoteAddress ?? "") &&
    LOOPBACK_ADDRESS.test(socket.localAddress ?? "");
  // nginx forwards with HTTP/1.0 and a loopback Host unless it is configured otherwise.
  const isProxied = httpVersion === "1.0" || Object.keys(headers).some((name) => PROXY_HEADER.test(name));
  const destination = headers["sec-fetch-dest"] ?? "document";
  const isOpenedAsPage = headers.origin === undefined && destination === "document";
  return isLoopback && !isProxied && isOpenedAsPage;
}
