import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

export interface RawAnswer {
  readonly status: number;
  readonly head: string;
  readonly body: string;
  /** All received bytes until the server closed the connection. */
  readonly text: string;
  readonly ms: number;
}

const MAX_WAIT_MS = 20_000;
const TRICKLE_INTERVAL_MS = 50;
const UPGRADED = /^HTTP\/1\.1 101 .*\r\n\r\n/s;

/** Sends bytes unchanged and reads until the server closes the connection, or has accepted an upgrade. */
export async function sendRaw(port: number, bytes: string): Promise<RawAnswer> {
  const socket = connect(port, "127.0.0.1");
  socket.write(bytes, "latin1");
  return readToEnd(socket);
}

/** Sends the first bytes, then further bytes every 50 ms until there is a response. */
export async function trickle(port: number, bytes: string, more: string): Promise<RawAnswer> {
  const socket = connect(port, "127.0.0.1");
  socket.write(bytes, "latin1");
  const timer = setInterval(() => socket.write(more, "latin1"), TRICKLE_INTERVAL_MS);
  return readToEnd(socket).finally(() => clearInterval(timer));
}

async function readToEnd(socket: Socket): Promise<RawAnswer> {
  const startedAt = performance.now();
  let text = "";
  socket.setEncoding("latin1");
  socket.on("data", (chunk) => {
    text += chunk;
    if (UPGRADED.test(text)) socket.destroy();
  });
  // A server may close the connection with a reset after the response.
  socket.on("error", () => {});
  const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  await Promise.race([closed, sleep(MAX_WAIT_MS, undefined, { ref: false })]);
  const isClosed = socket.destroyed;
  socket.destroy();
  if (!isClosed) throw new Error(`the server kept the connection open and said: ${text.slice(0, 200)}`);
  const [head = "", body = ""] = text.split("\r\n\r\n", 2);
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1] ?? 0);
  return { status, head, body, text, ms: performance.now() - startedAt };
}
