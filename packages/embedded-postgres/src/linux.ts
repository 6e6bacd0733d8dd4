import { randomUUID } from "node:crypto";
import { readFileSync, readlinkSync, realpathSync } from "node:fs";
import { chmod, cp, lstat, mkdir, rename, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type Binaries,
  EmbeddedPostgresError,
  exists,
  type Launch,
  plainLaunch,
  programPath,
  runProgram,
  type UserAndGroup,
} from "./programs.ts";

/** The kernel sends SIGINT, PostgreSQL's fast shutdown, when this process ends in any way, so no orphan remains. */
const STOP_WITH_PARENT = ["setpriv", "--pdeathsig", "INT", "--"];
/** In a user namespace files are still checked as root, but PostgreSQL sees an ordinary user. */
const USER_NAMESPACE = ["unshare", "--user", "--map-user=65534", "--map-group=65534", "--"];
/** The user that every Linux with glibc has. initdb needs one that has a name. */
const UNPRIVILEGED: UserAndGroup = { uid: 65534, gid: 65534 };

type Trial = { outcome: "works" | "refused" | "no-data-dir" | "no-binaries"; output: string };

/** Finds out how PostgreSQL, which refuses to run as root, can run here: tries `postgres --version` in each way. */
export async function chooseLaunch(binaries: Binaries, dataDir: string, clusterDir: string): Promise<Launch> {
  const isRoot = process.getuid?.() === 0;
  const candidates = isRoot ? await launchesOfRoot(binaries, dataDir, clusterDir) : [plainLaunch(binaries)];
  const failed: Trial[] = [];
  for (const candidate of candidates) {
    const trial = await tryCandidate(candidate, binaries, dataDir);
    if ("launch" in trial) return trial.launch;
    failed.push(trial);
  }
  throw new EmbeddedPostgresError(
    isRoot && failed.some(({ outcome }) => outcome === "no-data-dir")
      ? `PostgreSQL does not run as root, this system permits no user namespaces, and no other user can enter ${dataDir}. ` +
          "Start the program as an ordinary user, move it below directories that every user may enter (chmod o+x), " +
          "or set DATABASE_URL=postgres://… to a PostgreSQL server of your own."
      : `The embedded PostgreSQL in ${binaries.nativeDir} does not run on this system: ${failed.at(-1)?.output} ` +
          "(it needs glibc, which Alpine Linux lacks). Set DATABASE_URL=postgres://… to a PostgreSQL server of your own.",
  );
}

async function launchesOfRoot(binaries: Binaries, dataDir: string, clusterDir: string): Promise<Launch[]> {
  const base = plainLaunch(binaries);
  const runAs = (user: UserAndGroup) => ({ ...base, spawnAs: user, fileOwner: user });
  const clusterOwner = await readOrdinaryOwner(clusterDir);
  const dirOwner = await readOrdinaryOwner(dataDir);
  const isLinux = process.platform === "linux";
  return [
    // The user of an earlier start already owns the files.
    ...(clusterOwner ? [runAs(clusterOwner)] : []),
    ...(isLinux ? [{ ...base, prefix: USER_NAMESPACE, fileOwner: { uid: 0, gid: 0 } }] : []),
    ...(dirOwner ? [runAs(dirOwner)] : []),
    ...(isLinux ? [runAs(UNPRIVILEGED)] : []),
  ];
}

async function readOrdinaryOwner(path: string): Promise<UserAndGroup | undefined> {
  try {
    const { uid, gid } = await stat(path);
    return uid === 0 ? undefined : { uid, gid };
  } catch {
    return undefined;
  }
}

/** Tries a candidate with and without the parent death signal, and with copied binaries if it cannot reach the originals. */
async function tryCandidate(
  candidate: Launch,
  binaries: Binaries,
  dataDir: string,
): Promise<{ launch: Launch } | Trial> {
  const stopping = { ...candidate, prefix: [...candidate.prefix, ...STOP_WITH_PARENT] };
  let trial: Trial = { outcome: "refused", output: "" };
  for (const launch of process.platform === "linux" ? [stopping, candidate] : [candidate]) {
    trial = await tryLaunch(launch, dataDir);
    if (trial.outcome === "no-data-dir" && launch.spawnAs) {
      // mkdtemp, for example, creates directories that only their owner may enter. Secret files have modes of their own.
      await chmod(dataDir, (await stat(dataDir)).mode | 0o011);
      trial = await tryLaunch(launch, dataDir);
    }
    if (trial.outcome === "works") return { launch };
    if (trial.outcome !== "no-binaries" || launch.spawnAs === undefined) continue;
    // The directory in TMPDIR may be as closed as the project.
    for (const parentDir of new Set([tmpdir(), "/tmp"])) {
      const copied = { ...launch, nativeDir: await copyBinaries(binaries, parentDir) };
      trial = await tryLaunch(copied, dataDir);
      if (trial.outcome === "works") return { launch: copied };
    }
  }
  return trial;
}

async function tryLaunch(launch: Launch, dataDir: string): Promise<Trial> {
  const script = '[ -x "$1" ] || exit 81; "$2" --version || exit 82';
  const args = ["-c", script, "sh", dataDir, programPath(launch.nativeDir, "postgres")];
  const { code, output } = await runProgram(launch, "sh", args);
  if (code === 0) return { outcome: "works", output };
  return { outcome: code === 81 ? "no-data-dir" : code === 82 ? "no-binaries" : "refused", output };
}

/** Copies the binaries (60 MB, once per version) below a directory that every user can enter. */
async function copyBinaries({ nativeDir, packageVersion }: Binaries, parentDir: string): Promise<string> {
  const copyDir = join(parentDir, `task-jobs-postgres-${packageVersion}-${process.arch}`);
  if (!(await exists(copyDir))) {
    const unfinishedDir = `${copyDir}.${randomUUID()}`;
    await mkdir(unfinishedDir, { mode: 0o755 });
    await cp(nativeDir, unfinishedDir, { recursive: true, verbatimSymlinks: true });
    await chmod(unfinishedDir, 0o755);
    try {
      await rename(unfinishedDir, copyDir);
    } catch (error) {
      await rm(unfinishedDir, { recursive: true, force: true });
      if (!(await exists(copyDir))) throw error;
    }
  }
  // Any user may create a directory of this name in /tmp, but root must not start programs of other users.
  const { uid, mode } = await lstat(copyDir);
  if (uid !== process.getuid?.() || (mode & 0o022) !== 0) {
    throw new EmbeddedPostgresError(`${copyDir} was not created by this program. Remove it, or set DATABASE_URL.`);
  }
  return copyDir;
}

/** Reads the state and the start time of a process from /proc. */
export function readProcessStat(pid: number): { state: string; startedAt: string | null } | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    // The fields before the state contain the command, which may contain spaces and brackets.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return { state: fields[0] ?? "", startedAt: fields[19] ?? null };
  } catch {
    return undefined;
  }
}

/** Tells whether a process is the server of a cluster; undefined if this user may not see it. */
export function isPostmasterInProc(pid: number, clusterDir: string): boolean | undefined {
  try {
    if (readFileSync(`/proc/${pid}/comm`, "latin1").trim() !== "postgres") return false;
    // A server works in its data directory. Only its user and root may read this link.
    return readlinkSync(`/proc/${pid}/cwd`) === realpathSync(clusterDir);
  } catch {
    return undefined;
  }
}
