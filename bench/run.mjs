import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { isDeepStrictEqual } from "node:util";
import { readOptions } from "./options.mjs";

// This file and options.mjs import only modules of Node, because this file installs all packages.
const options = readOptions(process.argv.slice(2));
const peersDir = fileURLToPath(new URL("peers/", import.meta.url));
const rootDir = fileURLToPath(new URL("..", import.meta.url));

if (!existsSync(`${rootDir}node_modules`)) npm(["ci"], rootDir);
if (!isInstalled(peersDir)) {
  console.log("Installing the compared servers and the load generator …");
  // PostGraphile declares Node 22 but runs on 20, so hide npm's warnings.
  npm(["ci", "--ignore-scripts", "--loglevel=error"], peersDir);
}
npm(["run", "--silent", "check"], peersDir);
if (options.build) npm(["run", "--silent", "build"], rootDir);

const { runBenchmark } = await import("./benchmark.mjs");
await runBenchmark(options);

/**
 * Runs npm, and exits if npm fails, which has printed the reason.
 * @param {string[]} args
 * @param {string} cwd
 */
function npm(args, cwd) {
  const { status } = spawnSync("npm", args, { cwd, stdio: "inherit" });
  if (status !== 0) process.exit(status ?? 1);
}

/**
 * Returns whether the installed versions are those of the lockfile, so that no other version is measured.
 * @param {string} dir
 */
function isInstalled(dir) {
  const installed = `${dir}node_modules/.package-lock.json`;
  if (!existsSync(installed)) return false;
  const packagesOf = (file) => JSON.parse(readFileSync(file, "utf8")).packages;
  const locked = Object.entries(packagesOf(`${dir}package-lock.json`)).filter(([path]) => path !== "");
  const present = packagesOf(installed);
  // The lockfile contains optional packages of other platforms, which are never installed.
  return locked.every(([path, { version, integrity, optional }]) => {
    const found = present[path];
    return found === undefined
      ? optional === true
      : isDeepStrictEqual([found.version, found.integrity], [version, integrity]);
  });
}
