import { execFileSync } from "node:child_process";

/** Creates a named pipe, which Node.js has no function for. */
export function createNamedPipe(path: string): string {
  execFileSync("sh", ["-c", 'mkfifo "$0"', path]);
  return path;
}
