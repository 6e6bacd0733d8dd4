import { execFileSync } from "node:child_process";

/** Creates a named pipe by a command, because Node.js has no function for it. */
export function createNamedPipe(path: string): string {
  execFileSync("sh", ["-c", 'mkfifo "$0"', path]);
  return path;
}
