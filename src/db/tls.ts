import { once } from "node:events";
import net from "node:net";
import tls from "node:tls";
import type { TlsSettings } from "./connection-url.ts";

const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]);

const UNCHECKED: readonly TlsSettings["mode"][] = ["prefer", "require", "no-verify"];

/**
 * Does the TLS handshake as the driver does, but before the driver receives the socket. The driver would wrap the socket in
 * one that is not accessible, and then `watchForSilence` could not observe it.
 */
export async function secure(
  socket: net.Socket,
  { host, timeoutMs, mode, isDirect, ...identity }: TlsSettings & { host: string; timeoutMs: number },
): Promise<net.Socket> {
  const signal = AbortSignal.timeout(timeoutMs);
  if (!isDirect && !(await acceptsTls(socket, signal))) {
    if (mode === "prefer") return socket;
    throw new Error(
      "the database server does not support TLS: enable it there, or set sslmode=disable in DATABASE_URL",
    );
  }
  const secured = tls.connect({
    socket,
    host,
    ...(net.isIP(host) ? {} : { servername: host }),
    ...(isDirect ? { ALPNProtocols: ["postgresql"] } : {}),
    ...identity,
    rejectUnauthorized: !UNCHECKED.includes(mode),
    ...(mode === "verify-ca" ? { checkServerIdentity: () => undefined } : {}),
  });
  await once(secured, "secureConnect", { signal });
  return secured;
}

async function acceptsTls(socket: net.Socket, signal: AbortSignal): Promise<boolean> {
  socket.write(SSL_REQUEST);
  const [answer] = (await once(socket, "data", { signal })) as [Buffer];
  // More than one byte before the TLS handshake means that a third party injected data (CVE-2021-23222).
  return answer.length === 1 && answer[0] === "S".charCodeAt(0);
}
