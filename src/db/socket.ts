import net from "node:net";
import { dirname } from "node:path";
import type postgres from "postgres";
import { HUNG_UP, isUnreachable, SILENT_SOCKET } from "./faults.ts";
import { guardStartup } from "./servers/guard-startup.ts";
import { isSocketDirectory, type ServerAddress, socketPath } from "./servers/server-list.ts";
import type { SessionState } from "./servers/session-target.ts";
import { secure } from "./tls.ts";

/** Enough to replace connections whose backends were all killed. Limits the load on a server that closes each connection at once. */
const MAX_CONNECTS_PER_SECOND = 20;

/** The start of ReadyForQuery, which ends every complete response. One byte with the transaction status follows. */
const READY_FOR_QUERY = Buffer.from([0x5a, 0, 0, 0, 5]);

type ParsedOptions = Pick<postgres.ParsedOptions, "host" | "port" | "path">;

/** Chooses among the servers of a list. The socket factory reports every connection to it. */
export interface ServerChoice {
  /** Waits a limited time for a server that suits, and then fails. */
  find(): Promise<ServerAddress>;
  accepts(state: Partial<SessionState>): boolean;
  /** A connection is ready. The choice may destroy it when its server no longer suits. */
  connected(server: ServerAddress, socket: net.Socket): void;
  /** A connection could not be made, or its session does not suit. */
  refused(server: ServerAddress, reason: unknown): void;
}

export interface SocketOptions {
  /** Null if statements have no time limit. */
  readonly silenceMs: number | null;
  /** The limit for the TCP connect and the TLS handshake together. */
  readonly timeoutMs: number;
  /** The only server of the connection string, or a choice among several. */
  readonly servers: ServerAddress | ServerChoice;
}

/**
 * Creates the sockets of the driver, and limits the rate of connects, which the driver repeats without delay
 * (porsager/postgres#1193). Closes a socket whose server sends nothing while a statement runs, because postgres.js would
 * wait forever (porsager/postgres#1089).
 */
export function socketFactory({ silenceMs, timeoutMs, servers }: SocketOptions) {
  const choice = "find" in servers ? servers : null;
  const takeTurn = limitRate();

  // Must not reject or wait without a limit, because the driver would lose this connection from its pool.
  return async (parsed: ParsedOptions): Promise<net.Socket> => {
    let server: ServerAddress;
    try {
      server = "find" in servers ? await servers.find() : servers;
    } catch (error) {
      return failingSocket(error as Error);
    }
    await takeTurn();
    const plain = connect(server.isDefault ? defaultAddress(server, parsed) : server);
    let socket: net.Socket = plain;
    if (choice === null) failWhenHungUpOn(plain);
    // The guard or the TLS handshake reports a failed connect to the choice.
    else plain.on("error", () => {});
    if (server.tls !== null) {
      try {
        socket = await secure(plain, { host: server.host, timeoutMs, ...server.tls });
        if (choice === null && socket !== plain) failWhenHungUpOn(socket);
      } catch (error) {
        plain.destroy();
        choice?.refused(server, unreachable(error));
        return failingSocket(choice === null ? unreachable(error) : undefined);
      }
    }
    if (choice !== null) guard(socket, server, choice);
    if (silenceMs !== null) watchForSilence(socket, silenceMs);
    return socket;
  };
}

/** Returns a function that waits until the next connect may be made. The connects of one second may be made at once. */
function limitRate(): () => Promise<void> {
  let nextConnectAt = 0;
  return async () => {
    const spacing = 1000 / MAX_CONNECTS_PER_SECOND;
    nextConnectAt = Math.max(nextConnectAt + spacing, performance.now() - 1000);
    const delay = nextConnectAt - performance.now();
    if (delay > 0) await new Promise((resolve) => setTimeout(resolve, delay));
  };
}

/** The address that the driver has read from PGHOST and PGPORT. */
function defaultAddress(server: ServerAddress, { host, port, path }: ParsedOptions): ServerAddress {
  const directory = path ? dirname(path) : undefined;
  return { ...server, host: directory ?? host[0] ?? server.host, port: port[0] ?? server.port };
}

function connect({ host, address, port }: ServerAddress): net.Socket {
  const target = isSocketDirectory(host) ? { path: socketPath({ host, port }) } : { host: address ?? host, port };
  // postgres.js sets these two properties on sockets that it creates itself.
  const socket = Object.assign(net.connect(target), { host, port });
  socket.setNoDelay(true);
  return socket;
}

function guard(socket: net.Socket, server: ServerAddress, choice: ServerChoice): void {
  guardStartup(socket, {
    accepts: (state) => choice.accepts(state),
    accepted: () => choice.connected(server, socket),
    rejected: (reason) => choice.refused(server, unreachable(reason)),
  });
}

const unreachable = (cause: unknown) =>
  Object.assign(new Error("no connection to the database server", { cause }), { code: HUNG_UP });

/**
 * Returns a socket that fails on the first write, because only then has postgres.js added its error listener. Without an error it
 * only closes, and the driver asks for another socket.
 */
function failingSocket(error: Error | undefined): net.Socket {
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
