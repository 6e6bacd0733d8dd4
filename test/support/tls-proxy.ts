import { readFileSync } from "node:fs";
import net from "node:net";
import tls from "node:tls";

/** A self-signed certificate for localhost and 127.0.0.1, valid until 2126, and its key. */
export const TLS_IDENTITY = new URL("tls-identity.pem", import.meta.url).pathname;

const identity = readFileSync(TLS_IDENTITY);

/** A proxy in front of PostgreSQL that answers each SSLRequest with `answer`, and uses TLS after `S`. */
export async function openTlsProxy(target: { host: string; port: number }, answer: "S" | "N" = "S") {
  const sockets = new Set<net.Socket>();
  const server = net.createServer((client) => {
    sockets.add(client);
    client.on("error", () => {});
    client.once("data", () => {
      client.write(answer);
      const plain =
        answer === "N" ? client : new tls.TLSSocket(client, { isServer: true, key: identity, cert: identity });
      const upstream = net.connect(target);
      plain.pipe(upstream).pipe(plain);
      for (const [end, other] of [
        [plain, upstream],
        [upstream, plain],
      ] as const) {
        end.on("error", () => {}).on("close", () => other.destroy());
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as net.AddressInfo).port,
    close() {
      for (const socket of sockets) socket.destroy();
      return new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
