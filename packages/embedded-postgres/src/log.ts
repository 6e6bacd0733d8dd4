import { open, rename, stat } from "node:fs/promises";
import { errorCode } from "./error.ts";

const ROTATE_ABOVE_BYTES = 10 * 1024 * 1024;
const TAIL_BYTES = 64 * 1024;
const TAIL_LINES = 20;

/** One older log is kept beside the new one. */
export async function openLog(path: string) {
  try {
    if ((await stat(path)).size > ROTATE_ABOVE_BYTES) await rename(path, `${path}.1`);
  } catch (error) {
    if (errorCode(error) !== "ENOENT") throw error;
  }
  // Statements in it hold e-mail addresses.
  const handle = await open(path, "a", 0o600);
  const { size } = await handle.stat();
  return {
    fd: handle.fd,
    close: () => handle.close(),
    /** The last lines of what was written since it was opened. */
    tail: () => readTail(path, size),
  };
}

async function readTail(path: string, from: number): Promise<string> {
  const handle = await open(path, "r");
  try {
    const { size } = await handle.stat();
    const position = Math.max(from, size - TAIL_BYTES);
    const { buffer, bytesRead } = await handle.read({ buffer: Buffer.alloc(TAIL_BYTES), position });
    return buffer.toString("utf8", 0, bytesRead).trim().split("\n").slice(-TAIL_LINES).join("\n");
  } finally {
    await handle.close();
  }
}
