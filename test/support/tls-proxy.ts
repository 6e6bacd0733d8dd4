import { readFileSync } from "node:fs";
import net from "node:net";
import tls from "node:tls";

/** Signs itself, for localhost and 127.0.0.1, until 2126. Certificate and key. */
export const TLS_IDENTITY = new URL("tls-identity.pem", import.meta.url).pathname;

const identity = readFileSync(TLS_IDENTITY);

/** In front of a PostgreSQL: answers every request for TLS with `answer`, and speaks it after an S. */
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
