import net from "node:net";
import type postgres from "postgres";
import { HUNG_UP, isUnreachable, SILENT_SOCKET } from "./faults.ts";
import { secure, type TlsSettings } from "./tls.ts";

/** Enough to replace connections whose backends were all killed. Limits the load on a server that closes each connection at once. */
const MAX_CONNECTS_PER_SECOND = 20;

/** The start of ReadyForQuery, which ends every complete response. One byte with the transaction status follows. */
const READY_FOR_QUERY = Buffer.from([0x5a, 0, 0, 0, 5]);

type ParsedOptions = Pick<postgres.ParsedOptions, "host" | "port" | "path">;

interface SocketOptions {
  /** Null if statements have no time limit. */
  readonly silenceMs: number | null;
  /** TLS settings with the limit for the TCP connect and the TLS handshake together. Null for an unencrypted connection. */
  readonly tls: (TlsSettings & { readonly timeoutMs: number }) | null;
}

/**
 * Creates the sockets of the driver. It closes a socket whose server sends nothing while a statement runs, because
 * postgres.js would wait forever (porsager/postgres#1089). It also limits the rate of connects, which the driver repeats
 * without delay (porsager/postgres#1193).
 */
export function socketFactory({ silenceMs, tls }: SocketOptions) {
  let nextConnectAt = 0;

  // Must not reject or wait without a limit, because the driver would lose this connection from its pool.
  return async ({ host: [host = "localhost"], port: [port = 5432], path }: ParsedOptions): Promise<net.Socket> => {
    const spacing = 1000 / MAX_CONNECTS_PER_SECOND;
    // The connects of one second may be made at once.
    nextConnectAt = Math.max(nextConnectAt + spacing, performance.now() - 1000);
    const delay = nextConnectAt - performance.now();
    if (delay > 0) await new Promise((resolve) => setTimeout(resolve, delay));

    // postgres.js sets these two properties on sockets that it creates itself.
    const plain = Object.assign(net.connect(path ? { path } : { host, port }), { host, port });
    plain.setNoDelay(true);
    failWhenHungUpOn(plain);
    let socket: net.Socket = plain;
    if (tls !== null && !path) {
      try {
        socket = await secure(plain, { host, ...tls });
        if (socket !== plain) failWhenHungUpOn(socket);
      } catch (error) {
        plain.destroy();
        return failingSocket(error);
      }
    }
    if (silenceMs !== null) watchForSilence(socket, silenceMs);
    return socket;
  };
}

/** Returns a socket that fails on the first write, because only then has postgres.js added its error listener. */
function failingSocket(cause: unknown): net.Socket {
  const error = Object.assign(new Error("no connection to the database server", { cause }), { code: HUNG_UP });
  const socket = new net.Socket();
  socket.write = () => {
    socket.destroy(error);
    return true;
  };
  return socket;
}

/**
 * Treats a server that closes the connection before it sends data as unreachable. A proxy or pooler without a server does
 * so, and the driver would reconnect forever while its query waits.
 */
function failWhenHungUpOn(socket: net.Socket): void {
  let hasSpoken = false;
  socket.once("data", () => {
    hasSpoken = true;
  });
  socket.on("end", () => {
    if (!hasSpoken) socket.destroy(new Error("the database server hung up"));
  });
  // Added before the listener of the driver, which then receives the code.
  socket.on("error", (error) => {
    if (!hasSpoken && !isUnreachable(error)) Object.assign(error, { code: HUNG_UP });
  });
}

function watchForSilence(socket: net.Socket, silenceMs: number): void {
  let timer: NodeJS.Timeout | undefined;
  const disarm = () => clearTimeout(timer);
  const arm = () => {
    disarm();
    timer = setTimeout(() => {
      socket.destroy(Object.assign(new Error("the database server fell silent"), { code: SILENT_SOCKET }));
    }, silenceMs);
  };

  const write = socket.write;
  socket.write = (...args: unknown[]): boolean => {
    arm();
    return write.apply(socket, args as Parameters<typeof write>);
  };
  socket.on("data", (chunk: Buffer) => {
    const isAnswered = chunk.length >= 6 && chunk.subarray(-6, -1).equals(READY_FOR_QUERY);
    if (isAnswered) disarm();
    else arm();
  });
  socket.on("close", disarm);
}
