import { spawn } from "node:child_process";
import { chmod, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { type Binaries, binaryPath, copyBinaries } from "./binaries.ts";
import { EmbeddedPostgresError } from "./error.ts";

interface Identity {
  uid: number;
  gid: number;
}

/** How to run PostgreSQL's programs here: PostgreSQL refuses to run as root, and must not outlive us. */
export interface Launch {
  nativeDir: string;
  /** Put before the program's own command line. */
  prefix: readonly string[];
  /** Whom to become; undefined means who we are. */
  spawnAs: Identity | undefined;
  /** Whom the cluster's files must belong to; undefined means whoever makes them. */
  fileOwner: Identity | undefined;
}

/** Complete, so that neither our secrets nor a user's PG* and LC_* variables reach the server. */
export const LAUNCH_ENV = { PATH: "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", LC_ALL: "C", TZ: "UTC" };

/** "nobody" wherever the programs run at all; it must have a name, initdb looks it up. */
const NOBODY: Identity = { uid: 65534, gid: 65534 };
/** The kernel then stops the server with a fast shutdown when this process dies, however it dies. */
const DIE_WITH_PARENT = ["setpriv", "--pdeathsig", "INT", "--"];
/** We stay root to the file system's owner checks, and are somebody else to ourselves. */
const USER_NAMESPACE = ["unshare", "--user", "--map-user=65534", "--map-group=65534", "--"];

type Verdict = { outcome: "works" | "refused" | "no-data-dir" | "no-binaries"; output: string };

/** The first way that works, tried by running `postgres --version` through it. */
export async function chooseLaunch(binaries: Binaries, dataDir: string, clusterDir: string): Promise<Launch> {
  const { nativeDir } = binaries;
  const asWeAre: Launch = { nativeDir, prefix: [], spawnAs: undefined, fileOwner: undefined };
  if (process.platform === "win32") return asWeAre;
  const isRoot = process.getuid?.() === 0;
  const verdicts: Verdict[] = [];
  for (const way of isRoot ? await waysOfRoot(asWeAre, dataDir, clusterDir) : [asWeAre]) {
    const verdict = await tryWay(way, binaries, dataDir);
    if ("launch" in verdict) return verdict.launch;
    verdicts.push(verdict);
  }
  throw new EmbeddedPostgresError(
    isRoot && verdicts.some(({ outcome }) => outcome === "no-data-dir")
      ? unreachableMessage(dataDir)
      : brokenMessage(nativeDir, verdicts),
  );
}

async function waysOfRoot(base: Launch, dataDir: string, clusterDir: string): Promise<Launch[]> {
  const inNamespace = { ...base, prefix: USER_NAMESPACE, fileOwner: { uid: 0, gid: 0 } };
  const become = (who: Identity) => ({ ...base, spawnAs: who, fileOwner: who });
  const clusterOwner = await ownerBesidesRoot(clusterDir);
  const dirOwner = await ownerBesidesRoot(dataDir);
  return [
    // What an earlier start settled on needs no change of owner.
    ...(clusterOwner ? [become(clusterOwner)] : []),
    ...(process.platform === "linux" ? [inNamespace] : []),
    ...(dirOwner ? [become(dirOwner)] : []),
    ...(process.platform === "linux" ? [become(NOBODY)] : []),
  ];
}

async function tryWay(way: Launch, binaries: Binaries, dataDir: string): Promise<{ launch: Launch } | Verdict> {
  const dying = { ...way, prefix: [...way.prefix, ...DIE_WITH_PARENT] };
  let verdict: Verdict = { outcome: "refused", output: "" };
  for (const launch of process.platform === "linux" ? [dying, way] : [way]) {
    verdict = await tryLaunch(launch, dataDir);
    if (verdict.outcome === "no-data-dir" && launch.spawnAs) {
      // A directory made by mkdtemp, say. What is secret in it has its own mode.
      await chmod(dataDir, (await stat(dataDir)).mode | 0o011);
      verdict = await tryLaunch(launch, dataDir);
    }
    if (verdict.outcome === "works") return { launch };
    if (verdict.outcome !== "no-binaries" || launch.spawnAs === undefined) continue;
    // TMPDIR may be as private as the project.
    for (const parentDir of new Set([tmpdir(), "/tmp"])) {
      const elsewhere = { ...launch, nativeDir: await copyBinaries(binaries, parentDir) };
      verdict = await tryLaunch(elsewhere, dataDir);
      if (verdict.outcome === "works") return { launch: elsewhere };
    }
  }
  return verdict;
}

async function tryLaunch(launch: Launch, dataDir: string): Promise<Verdict> {
  const script = '[ -x "$1" ] || exit 81; "$2" --version || exit 82';
  const { code, output } = await runToEnd(launch, "sh", [
    "-c",
    script,
    "sh",
    dataDir,
    binaryPath(launch.nativeDir, "postgres"),
  ]);
  if (code === 0) return { outcome: "works", output };
  return { outcome: code === 81 ? "no-data-dir" : code === 82 ? "no-binaries" : "refused", output };
}

/** Runs one of PostgreSQL's programs in the way chosen; a program that cannot be run at all is code null. */
export function runToEnd(
  launch: Launch,
  program: string,
  args: readonly string[],
): Promise<{ code: number | null; output: string }> {
  const [file = program, ...rest] = [...launch.prefix, program, ...args];
  return new Promise((resolve) => {
    const child = spawn(file, rest, {
      // Not ours: the directory we were started in may be closed to whom we become.
      cwd: "/",
      env: LAUNCH_ENV,
      stdio: ["ignore", "pipe", "pipe"],
      ...launch.spawnAs,
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (chunk: string) => {
        output += chunk;
      });
    }
    child.once("error", (error) => resolve({ code: null, output: error.message }));
    child.once("close", (code) => resolve({ code, output: output.trim() }));
  });
}

async function ownerBesidesRoot(path: string): Promise<Identity | undefined> {
  try {
    const { uid, gid } = await stat(path);
    return uid === 0 ? undefined : { uid, gid };
  } catch {
    return undefined;
  }
}

function brokenMessage(nativeDir: string, verdicts: Verdict[]): string {
  return (
    `The embedded PostgreSQL in ${nativeDir} does not run on this system: ${verdicts.at(-1)?.output} ` +
    "(it needs glibc, which Alpine Linux lacks). Set DATABASE_URL=postgres://… to a PostgreSQL server of your own."
  );
}

function unreachableMessage(dataDir: string): string {
  return (
    `PostgreSQL does not run as root, this system permits no user namespaces, and no other user can enter ${dataDir}. ` +
    "Start the program as an ordinary user, move it below directories that everybody may enter (chmod o+x), " +
    "or set DATABASE_URL=postgres://… to a PostgreSQL server of your own."
  );
}
