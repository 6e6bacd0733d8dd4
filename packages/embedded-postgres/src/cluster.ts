import { randomBytes, randomUUID } from "node:crypto";
import { chown, mkdir, open, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Binaries, binaryPath } from "./binaries.ts";
import { EmbeddedPostgresError, errorCode } from "./error.ts";
import { type Launch, runToEnd } from "./launch.ts";

export const SUPERUSER = "task_jobs";
const UNFINISHED_PREFIX = "postgres.new-";
/** Lies within the cluster, so that the two cannot be parted: neither is of use without the other. */
const PASSWORD_FILE = "task_jobs.password";

export const clusterDirOf = (dataDir: string) => join(dataDir, "postgres");

/** The caller holds the start lock. A cluster appears under its name whole, or not at all. */
export async function ensureCluster(launch: Launch, binaries: Binaries, dataDir: string): Promise<void> {
  const clusterDir = clusterDirOf(dataDir);
  await removeUnfinished(dataDir);
  const found = await readOptional(join(clusterDir, "PG_VERSION"));
  if (found === undefined) {
    if (!(await isAbsentOrEmpty(clusterDir))) {
      throw new EmbeddedPostgresError(
        `${clusterDir} is no PostgreSQL data directory, but not empty either. Move it away and start again.`,
      );
    }
    return createCluster(launch, dataDir);
  }
  const major = binaries.packageVersion.split(".")[0];
  if (found.trim() !== major) {
    throw new EmbeddedPostgresError(
      `${clusterDir} was made by PostgreSQL ${found.trim()}; this program brings ${major}, which cannot read it. ` +
        "Move the data with pg_dump of the older version, or move the directory away to begin anew.",
    );
  }
  await giveTo(launch, clusterDir);
}

async function createCluster(launch: Launch, dataDir: string): Promise<void> {
  const unfinishedDir = join(dataDir, `${UNFINISHED_PREFIX}${randomUUID()}`);
  const newCluster = join(unfinishedDir, "cluster");
  const passwordFile = join(unfinishedDir, PASSWORD_FILE);
  await mkdir(unfinishedDir, { mode: 0o700 });
  try {
    await writeFile(passwordFile, randomBytes(24).toString("base64url"), { mode: 0o600 });
    if (launch.fileOwner) {
      for (const path of [unfinishedDir, passwordFile]) await chown(path, launch.fileOwner.uid, launch.fileOwner.gid);
    }
    const { code, output } = await runToEnd(launch, binaryPath(launch.nativeDir, "initdb"), [
      `--pgdata=${newCluster}`,
      `--username=${SUPERUSER}`,
      `--pwfile=${passwordFile}`,
      "--auth=scram-sha-256",
      "--encoding=UTF8",
      "--locale=C",
      "--locale-provider=builtin",
      "--builtin-locale=C.UTF-8",
      "--no-instructions",
    ]);
    if (code !== 0) {
      throw new EmbeddedPostgresError(
        `The embedded PostgreSQL could not make its data directory in ${dataDir}:\n${output}`,
      );
    }
    await rename(passwordFile, join(newCluster, PASSWORD_FILE));
    await rename(newCluster, clusterDirOf(dataDir));
    await syncDirectory(dataDir);
  } finally {
    await rm(unfinishedDir, { recursive: true, force: true });
  }
}

/** initdb has written its files to disk; the name they were given is the directory's. */
async function syncDirectory(path: string): Promise<void> {
  if (process.platform === "win32") return;
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** What a crash in the middle of initdb left. An initdb that is still dying may add a file while it is removed. */
async function removeUnfinished(dataDir: string): Promise<void> {
  for (const name of await readdir(dataDir)) {
    if (name.startsWith(UNFINISHED_PREFIX)) {
      await rm(join(dataDir, name), { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
    }
  }
}

/** As root the user may change from one start to the next: a container mounts what the host has made. */
async function giveTo(launch: Launch, clusterDir: string): Promise<void> {
  if (!launch.fileOwner) return;
  const { uid, gid } = launch.fileOwner;
  if ((await stat(clusterDir)).uid === uid) return;
  const asRoot: Launch = { ...launch, prefix: [], spawnAs: undefined };
  const { code, output } = await runToEnd(asRoot, "chown", ["-hR", `${uid}:${gid}`, clusterDir]);
  if (code !== 0) throw new EmbeddedPostgresError(`The owner of ${clusterDir} cannot be changed: ${output}`);
}

export async function readPassword(dataDir: string): Promise<string> {
  const path = join(clusterDirOf(dataDir), PASSWORD_FILE);
  const password = await readOptional(path);
  if (password === undefined) {
    throw new EmbeddedPostgresError(
      `${path} is missing: the data directory was not made by this program. Move it away, or serve it yourself and set DATABASE_URL.`,
    );
  }
  return password.trim();
}

async function isAbsentOrEmpty(path: string): Promise<boolean> {
  try {
    return (await readdir(path)).length === 0;
  } catch (error) {
    if (errorCode(error) === "ENOENT") return true;
    throw error;
  }
}

async function readOptional(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw error;
  }
}
