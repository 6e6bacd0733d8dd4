import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const EXAMPLES = "examples";

/** Time limits of a server that shares two cores with many examples. */
export const LONG_TIMEOUTS = { STATEMENT_TIMEOUT_MS: "20000", REQUEST_TIMEOUT_MS: "30000" };

export const exampleFolders = (): string[] =>
  readdirSync(EXAMPLES, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);

export const readExample = (folder: string, file: string): string => readFileSync(join(EXAMPLES, folder, file), "utf8");

export const hasExampleFile = (folder: string, file: string): boolean => existsSync(join(EXAMPLES, folder, file));

/** The commands of an example's README.md, which are its indented lines. */
function commandsOf(folder: string): string[] {
  return [...readExample(folder, "README.md").matchAll(/^ {4}(.+)$/gm)].map(([, command = ""]) => command);
}

/** The first command of README.md. `npm start` is replaced by the script that it runs, which saves the start of npm. */
function startCommand(folder: string): string {
  const [command = ""] = commandsOf(folder);
  if (command !== "npm start") return command;
  return JSON.parse(readExample(folder, "package.json")).scripts.start;
}

export type RunningExample = ReturnType<typeof startExample>;

/** Starts an example with the command of its README.md, and with these environment variables besides those of the test. */
export function startExample(folder: string, environment: Readonly<Record<string, string>>) {
  const child = spawn("sh", ["-c", `exec ${startCommand(folder)}`], {
    cwd: join(EXAMPLES, folder),
    env: { ...process.env, PYTHONDONTWRITEBYTECODE: "1", ...environment },
    stdio: ["ignore", "pipe", "pipe"],
    timeout: 50_000,
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8");
    stream.on("data", (text: string) => {
      output += text;
    });
  }
  const ended = once(child, "close").then(([code]) => ({ code: code as number | null, output }));
  /** Resolves with the first output, or at the end. */
  const hasBegun = Promise.race([once(child.stdout, "data"), ended]);
  return { ended, hasBegun };
}

interface Program {
  /** The names or paths to try. */
  readonly candidates: readonly string[];
  /** Arguments with which a suitable program exits with 0. */
  readonly probe: readonly string[];
  /** The advice if no program is suitable. */
  readonly remedy: string;
}

/** A program that npm does not install. Without it returns null, or throws if `REQUIRE_EXAMPLES=1`, as in CI. */
export function findProgram({ candidates, probe, remedy }: Program): string | null {
  const found = candidates.find((candidate) => spawnSync(candidate, probe, { stdio: "ignore" }).status === 0);
  if (found !== undefined) return found;
  if (process.env.REQUIRE_EXAMPLES === "1") throw new Error(remedy);
  console.warn(`\n⚠ EXAMPLES ARE NOT TESTED. ${remedy}\n`);
  return null;
}
