import { once } from "node:events";
import net from "node:net";
import tls from "node:tls";

const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]);

/** What postgres.js makes of `sslmode`; it checks the certificate in every mode but these. */
const UNCHECKED = ["require", "allow", "prefer"];

/**
 * TLS as the driver does it, but done before the driver gets its socket. Its own wraps the socket in one that it shows
 * nobody, so that nobody could watch what comes and goes.
 */
export async function secure(
  socket: net.Socket,
  { host, mode, timeoutMs }: { host: string; mode: string; timeoutMs: number },
): Promise<net.Socket> {
  const signal = AbortSignal.timeout(timeoutMs);
  socket.write(SSL_REQUEST);
  const [answer] = (await once(socket, "data", { signal })) as [Buffer];
  // More than the one byte was put there by somebody between us and the server.
  const isWilling = answer.length === 1 && answer[0] === "S".charCodeAt(0);
  if (!isWilling && mode === "prefer") return socket;
  if (!isWilling) throw new Error("the database server does not speak TLS");
  const secured = tls.connect({
    socket,
    host,
    ...(net.isIP(host) ? {} : { servername: host }),
    rejectUnauthorized: !UNCHECKED.includes(mode),
  });
  await once(secured, "secureConnect", { signal });
  return secured;
}
