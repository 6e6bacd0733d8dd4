import type { Socket } from "node:net";
import { WebSocket } from "ws";
import { sendRaw } from "./raw-request.ts";

/** A message of the protocol graphql-transport-ws. */
interface Message {
  readonly type: string;
  readonly id?: string;
  readonly payload?: unknown;
}

interface SocketOptions {
  readonly url: string;
  readonly connectionParams?: object;
  readonly headers?: Record<string, string>;
  readonly protocols?: readonly string[];
  /** Whether the client answers pings. */
  readonly autoPong?: boolean;
}

/** How long a test waits for a message before it fails, which is longer than a busy machine takes. */
export const MAX_WAIT_MS = 20_000;

export type TestSocket = Awaited<ReturnType<typeof openSocket>>;

/** Opens a WebSocket, and reads its messages one after another. Fails if the handshake is refused. */
export async function openSocket(options: SocketOptions) {
  const { url, headers = {}, protocols = ["graphql-transport-ws"], autoPong = true } = options;
  const socket = new WebSocket(`${url.replace("http", "ws")}/graphql`, [...protocols], { headers, autoPong });
  const messages: Message[] = [];
  const wakes = new Set<() => void>();
  const wake = () => {
    for (const resolve of wakes) resolve();
    wakes.clear();
  };
  const closed = new Promise<{ code: number; reason: string }>((resolve) => {
    socket.once("close", (code, reason) => resolve({ code, reason: String(reason) }));
  });
  socket.on("message", (data) => {
    messages.push(JSON.parse(String(data)) as Message);
    wake();
  });
  socket.once("close", () => wake());
  await new Promise<void>((resolve, reject) => {
    socket.once("open", resolve);
    socket.once("error", reject);
  });
  socket.on("error", () => {});

  /** The next message that matches, or null after the end of the connection. */
  async function next(isMatch: (message: Message) => boolean = () => true, ms = MAX_WAIT_MS): Promise<Message | null> {
    const until = performance.now() + ms;
    for (;;) {
      const index = messages.findIndex(isMatch);
      if (index !== -1) return messages.splice(index, 1)[0] ?? null;
      if (socket.readyState === WebSocket.CLOSED) return null;
      let timer: NodeJS.Timeout | undefined;
      await new Promise<void>((resolve, reject) => {
        wakes.add(resolve);
        timer = setTimeout(() => reject(new Error(`no message within ${ms} ms`)), until - performance.now());
      });
      clearTimeout(timer);
    }
  }

  return {
    socket,
    /** Resolves with the code and the reason of the end. */
    closed,
    next,
    send: (message: object) => socket.send(JSON.stringify(message)),
    /** Sends bytes that need not be frames. */
    write: (bytes: Uint8Array) => socketOf(socket).write(bytes),
    /** Sends several messages in one packet. */
    sendTogether(messages: readonly object[]): void {
      socketOf(socket).cork();
      for (const message of messages) socket.send(JSON.stringify(message));
      socketOf(socket).uncork();
    },
    close: async () => {
      socket.terminate();
      await closed;
    },
  };
}

const socketOf = (socket: WebSocket) => (socket as unknown as { readonly _socket: Socket })._socket;

/** Opens a connection whose first message was accepted. */
export async function connectSocket(options: SocketOptions): Promise<TestSocket> {
  const opened = await openSocket(options);
  opened.send({ type: "connection_init", payload: options.connectionParams ?? {} });
  const message = await opened.next();
  if (message?.type !== "connection_ack") throw new Error(`closed: ${JSON.stringify(await opened.closed)}`);
  return opened;
}

/** Returns a function that reads the data of the next event, which must be `next`. */
export const resultReader =
  (next: (ms?: number) => Promise<{ readonly event: string; readonly data: string }>) => async (ms?: number) => {
    const { event, data } = await next(ms);
    if (event !== "next") throw new Error(`expected next, not ${event}`);
    return JSON.parse(data);
  };

/** Reads the messages of one operation as the events of a stream: `error` is an event `next`, and then `complete`. */
export function readOperation(opened: TestSocket, id: string) {
  let isFailed = false;
  async function next(ms?: number) {
    if (isFailed) return { event: "complete", data: "", id: undefined };
    const message = await opened.next((found) => found.id === id, ms);
    if (message === null) return { event: "cut", data: "", id: undefined };
    const { type, payload } = message;
    isFailed = type === "error";
    const data = isFailed ? { errors: payload } : payload;
    return { event: isFailed ? "next" : type, data: data === undefined ? "" : JSON.stringify(data), id: undefined };
  }
  return {
    next,
    result: resultReader(next),
    close: async () => opened.send({ type: "complete", id }),
  };
}

/** Sends an operation. */
export function runOperation(opened: TestSocket, id: string, payload: object) {
  opened.send({ type: "subscribe", id, payload });
  return readOperation(opened, id);
}

/** Sends a handshake with other headers, and reads until the server closes the connection. */
export function handshake(port: number, headers: Record<string, string>, path = "/graphql") {
  const lines = Object.entries({
    Host: "localhost",
    Upgrade: "websocket",
    Connection: "Upgrade",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Protocol": "graphql-transport-ws",
    ...headers,
  }).map(([name, value]) => `${name}: ${value}\r\n`);
  return sendRaw(port, `GET ${path} HTTP/1.1\r\n${lines.join("")}\r\n`);
}
