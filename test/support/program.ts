import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { closeIdleFetchConnections } from "./fetch-connections.ts";

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The built server. */
export const MAIN = "dist/main.js";

export function requireBuild(): void {
  if (!existsSync(MAIN)) throw new Error("dist/ is not built: run `npm test`, or `npm run build` first");
}

const running = new Set<ChildProcess>();

/** Starts a built program (`npm test` builds first). It inherits only PATH and HOME from the environment. */
export function startProgram(script: string, environment: Record<string, string> = {}, args: string[] = []) {
  const child = spawn(process.execPath, [script, ...args], {
    env: { PATH: process.env.PATH ?? "", HOME: process.env.HOME ?? "/tmp", ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  running.add(child);
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (chunk) => {
    stdout += chunk;
  });
  child.stderr.on("data", (chunk) => {
    stderr += chunk;
  });
  const ended = once(child, "close").then(([code]): Ended => {
    running.delete(child);
    return { code, stdout, stderr };
  });

  return {
    child,
    ended,
    stderr: () => stderr,
    /** Resolves to the first match in the output, and rejects if the program ends before. */
    async printed(pattern: RegExp): Promise<RegExpExecArray> {
      for (;;) {
        const match = pattern.exec(stdout);
        if (match !== null) return match;
        const end = await Promise.race([ended, once(child.stdout, "data")]);
        if ("code" in end && !pattern.test(stdout)) {
          throw new Error(`ended with ${end.code} before printing ${pattern}: ${end.stderr}`);
        }
      }
    },
    async listening(): Promise<string> {
      return (await this.printed(/Listening on (http:\S+)/))[1] ?? "";
    },
    async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<Ended> {
      closeIdleFetchConnections();
      child.kill(signal);
      return ended;
    },
  };
}

export const runProgram = (...program: Parameters<typeof startProgram>): Promise<Ended> =>
  startProgram(...program).ended;

/** Call this in afterEach, so that a failed test leaves no process running. */
export function killPrograms(): void {
  for (const child of running) child.kill("SIGKILL");
}

export function childrenOf(pid: number | undefined): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter(Boolean).map(Number);
}
