import net from "node:net";
import type postgres from "postgres";
import type { TlsSettings } from "./connection-url.ts";
import { HUNG_UP, isUnreachable, SILENT_SOCKET } from "./faults.ts";
import { secure } from "./tls.ts";

/** More than a storm of killed backends needs, less than a server that shuts the door at once would get. */
const MAX_CONNECTS_PER_SECOND = 20;

/** The end of every complete answer: ReadyForQuery, five bytes long, with the state of the transaction. */
const READY_FOR_QUERY = Buffer.from([0x5a, 0, 0, 0, 5]);

type ParsedOptions = Pick<postgres.ParsedOptions, "host" | "port" | "path">;

interface SocketOptions {
  /** Null for statements that may take as long as they like. */
  readonly silenceMs: number | null;
  /** TLS settings with the limit for the TCP connect and the TLS handshake together. Null for an unencrypted connection. */
  readonly tls: (TlsSettings & { readonly timeoutMs: number }) | null;
}

/**
 * Makes the driver's sockets, and gives up on one whose server has a statement and says nothing: a frozen backend or a
 * dropped network never closes, and postgres.js would wait for ever (porsager/postgres#1089). Also spaces connects, which
 * the driver would repeat without delay (porsager/postgres#1193).
 */
export function socketFactory({ silenceMs, tls }: SocketOptions) {
  let nextConnectAt = 0;

  // Never rejects, and waits for no connection without a limit: either would cost the driver the place in its pool.
  return async ({ host: [host = "localhost"], port: [port = 5432], path }: ParsedOptions): Promise<net.Socket> => {
    const spacing = 1000 / MAX_CONNECTS_PER_SECOND;
    // A second's worth may come at once.
    nextConnectAt = Math.max(nextConnectAt + spacing, performance.now() - 1000);
    const delay = nextConnectAt - performance.now();
    if (delay > 0) await new Promise((resolve) => setTimeout(resolve, delay));

    // The driver asks for the certificate of this host.
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

/** Not before the driver has it and listens for errors: at its first word. */
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
 * A server that hangs up before its first word, as a proxy or a pooler without a server behind it does, is unreachable.
 * The driver would take it for a passing end, and try again for ever while its query waits.
 */
function failWhenHungUpOn(socket: net.Socket): void {
  let hasSpoken = false;
  socket.once("data", () => {
    hasSpoken = true;
  });
  socket.on("end", () => {
    if (!hasSpoken) socket.destroy(new Error("the database server hung up"));
  });
  // Before the driver's own listener.
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
