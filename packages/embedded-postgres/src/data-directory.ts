import { chmod, mkdir, realpath, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { EmbeddedPostgresError, errorCode } from "./programs.ts";

const OTHER_OWNER =
  "It belongs to another user or is read-only: start as its owner, give it to this user (chown -R), or set DATABASE_URL.";
const NOT_A_DIRECTORY = "A part of this path is not a directory: set DATA_DIR to another path, or set DATABASE_URL.";
const NO_DIRECTORY_HERE =
  "This file system accepts no new directories or files there, or a link leads to nothing: set DATA_DIR to another path, or set DATABASE_URL.";
const DISK_FULL = "The disk is full: free space, set DATA_DIR to a directory on another disk, or set DATABASE_URL.";
const OTHER_PATH = "Set DATA_DIR to another path, or set DATABASE_URL.";
/** The remedies for errors of the file system and of PostgreSQL, by their codes. */
const REMEDIES: Readonly<Record<string, string>> = {
  EACCES: OTHER_OWNER,
  EPERM: OTHER_OWNER,
  EROFS: OTHER_OWNER,
  EEXIST: NOT_A_DIRECTORY,
  ENOTDIR: NOT_A_DIRECTORY,
  ENOENT: NO_DIRECTORY_HERE,
  ENAMETOOLONG: OTHER_PATH,
  ELOOP: OTHER_PATH,
  EISDIR: OTHER_PATH,
  EINVAL: OTHER_PATH,
  EIO: OTHER_PATH,
  ENOSPC: DISK_FULL,
  EDQUOT: DISK_FULL,
  // The code of PostgreSQL for a full disk.
  "53100": DISK_FULL,
};
const UNKNOWN_USER =
  "PostgreSQL does not run as a user without an entry in /etc/passwd: add one, start as another user, or set DATABASE_URL.";
const IS_UNKNOWN_USER = /could not look up effective user ID/;
const IS_DISK_FULL = /No space left on device|Disk quota exceeded/;
/** An error message repeats the path, which may be far too long. */
const MAX_PATH_LENGTH = 200;
const LONG_PATH = /, \w+ '.{200,}'/s;

/** Creates the directory if it is missing, and returns its path without links. */
export async function ensureDataDir(path: string): Promise<string> {
  // A strict umask would exclude the user that PostgreSQL runs as. Secret files have modes of their own.
  if (await createDirectory(resolve(path))) await chmod(path, 0o755);
  return await realpath(path);
}

/**
 * Returns whether the directory was created. Node's own recursive `mkdir` never ends if a file system, such as /proc, answers
 * ENOENT although the parent exists.
 */
async function createDirectory(path: string): Promise<boolean> {
  try {
    await mkdir(path);
    return true;
  } catch (error) {
    if (errorCode(error) === "EEXIST" && (await stat(path)).isDirectory()) return false;
    if (errorCode(error) !== "ENOENT" || dirname(path) === path || !(await createDirectory(dirname(path)))) throw error;
  }
  return await createDirectory(path);
}

/** Replaces an error of the file system by one that names the directory and a remedy. */
export function describeDirectoryError(error: unknown, dataDir: string): unknown {
  const remedy = REMEDIES[errorCode(error) ?? ""];
  if (remedy === undefined || !(error instanceof Error)) return error;
  const directory = resolve(dataDir).slice(0, MAX_PATH_LENGTH);
  const cause = error.message.replace(LONG_PATH, "");
  return new EmbeddedPostgresError(`The embedded PostgreSQL cannot use ${directory}: ${cause}. ${remedy}`, {
    cause: error,
  });
}

/** Replaces the output of a program of PostgreSQL by the remedy if its disk is full or its user is unknown. */
export function describeOutput(output: string): string {
  if (IS_UNKNOWN_USER.test(output)) return UNKNOWN_USER;
  return IS_DISK_FULL.test(output) ? DISK_FULL : output;
}
