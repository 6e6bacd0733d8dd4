import { randomBytes, randomUUID } from "node:crypto";
import { chown, mkdir, open, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import postgres from "postgres";
import { describeOutput } from "./data-directory.ts";
import { type Binaries, EmbeddedPostgresError, errorCode, type Launch, programPath, runProgram } from "./programs.ts";

const SUPERUSER = "task_jobs";
const DATABASE = "task_jobs";
const UNFINISHED_PREFIX = "postgres.new-";
/** The password is inside the cluster because neither is of use without the other. */
const PASSWORD_FILE = "task_jobs.password";

/** The data directory of a PostgreSQL server, and how its programs are started. */
export interface Cluster {
  /** The directory that contains the cluster, the log and the lock files. */
  dataDir: string;
  clusterDir: string;
  launch: Launch;
}

export const clusterDirOf = (dataDir: string) => join(dataDir, "postgres");

/** Creates the cluster if it is missing. The caller holds the start lock. */
export async function ensureCluster(cluster: Cluster, { packageVersion }: Binaries): Promise<void> {
  const { clusterDir, dataDir } = cluster;
  await removeUnfinished(dataDir);
  const version = (await readOptional(join(clusterDir, "PG_VERSION")))?.trim();
  if (version === undefined) {
    if (!(await isAbsentOrEmpty(clusterDir))) {
      throw new EmbeddedPostgresError(
        `${clusterDir} is not empty, and is not a PostgreSQL data directory. Move it away and start again.`,
      );
    }
    return createCluster(cluster);
  }
  const major = packageVersion.split(".")[0];
  if (version !== major) {
    throw new EmbeddedPostgresError(
      `${clusterDir} was created by PostgreSQL ${version}, and PostgreSQL ${major} of this program cannot read it. ` +
        "Move the data with pg_dump of the older version, or move the directory away to start without data.",
    );
  }
  await changeOwner(cluster);
}

/** Creates the cluster beside its final path and renames it, so that it exists completely or not at all. */
async function createCluster({ dataDir, clusterDir, launch }: Cluster): Promise<void> {
  const unfinishedDir = join(dataDir, `${UNFINISHED_PREFIX}${randomUUID()}`);
  const newCluster = join(unfinishedDir, "cluster");
  const passwordFile = join(unfinishedDir, PASSWORD_FILE);
  await mkdir(unfinishedDir, { mode: 0o700 });
  try {
    await writeFile(passwordFile, randomBytes(24).toString("base64url"), { mode: 0o600 });
    if (launch.fileOwner) {
      for (const path of [unfinishedDir, passwordFile]) await chown(path, launch.fileOwner.uid, launch.fileOwner.gid);
    }
    const { code, output } = await runProgram(launch, programPath(launch.nativeDir, "initdb"), [
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
        `The embedded PostgreSQL could not create its data directory in ${dataDir}. ${describeOutput(`The output of initdb:\n${output}`)}`,
      );
    }
    await rename(passwordFile, join(newCluster, PASSWORD_FILE));
    await rename(newCluster, clusterDir);
    await syncDirectory(dataDir);
  } finally {
    await rm(unfinishedDir, { recursive: true, force: true });
  }
}

/** Writes the new name of the cluster to disk. initdb has written the files themselves. */
async function syncDirectory(path: string): Promise<void> {
  if (process.platform === "win32") return;
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Removes what a crash during initdb left. The retries are for an initdb that is still ending and writes files. */
async function removeUnfinished(dataDir: string): Promise<void> {
  for (const name of await readdir(dataDir)) {
    if (name.startsWith(UNFINISHED_PREFIX)) {
      await rm(join(dataDir, name), { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
    }
  }
}

/** Gives the files to the user that runs PostgreSQL, which may change between two starts by root. */
async function changeOwner({ clusterDir, launch }: Cluster): Promise<void> {
  if (!launch.fileOwner) return;
  const { uid, gid } = launch.fileOwner;
  if ((await stat(clusterDir)).uid === uid) return;
  const asRoot: Launch = { ...launch, prefix: [], spawnAs: undefined };
  const { code, output } = await runProgram(asRoot, "chown", ["-hR", `${uid}:${gid}`, clusterDir]);
  if (code !== 0) throw new EmbeddedPostgresError(`The owner of ${clusterDir} cannot be changed: ${output}`);
}

export async function readPassword({ clusterDir }: Cluster): Promise<string> {
  const path = join(clusterDir, PASSWORD_FILE);
  const password = await readOptional(path);
  if (password === undefined) {
    throw new EmbeddedPostgresError(
      `${path} is missing: this program did not create the data directory. ` +
        "Move it away, or start its server yourself and set DATABASE_URL.",
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

/** How to connect to the server of a cluster. */
export interface Address {
  port: number;
  password: string;
}

export function databaseUrl({ port, password }: Address): string {
  return `postgres://${SUPERUSER}:${password}@127.0.0.1:${port}/${DATABASE}`;
}

/** Creates the database if it is missing and returns the version of the server. */
export async function ensureDatabase({ port, password }: Address): Promise<string> {
  const sql = postgres({
    host: "127.0.0.1",
    port,
    user: SUPERUSER,
    password,
    // The `task_jobs` database may not exist yet, but every cluster has this one.
    database: "postgres",
    max: 1,
    connect_timeout: 5,
    fetch_types: false,
    onnotice: () => {},
  });
  try {
    const [found] = await sql<{ version: string; exists: boolean }[]>`
      select current_setting('server_version') as version,
             exists (select from pg_database where datname = ${DATABASE}) as exists`;
    if (!found?.exists) await sql`create database ${sql(DATABASE)}`;
    return found?.version ?? "";
  } finally {
    await sql.end({ timeout: 1 });
  }
}
