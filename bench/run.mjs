import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { isDeepStrictEqual } from "node:util";
import { readOptions } from "./options.mjs";

// This file imports only Node's own modules, because it installs the packages of the opponents.
const options = readOptions(process.argv.slice(2));
const benchDir = fileURLToPath(new URL(".", import.meta.url));
const rootDir = fileURLToPath(new URL("..", import.meta.url));
const npm = (args, cwd) => execFileSync("npm", args, { cwd, stdio: "inherit" });

if (!existsSync(`${rootDir}node_modules`)) npm(["ci"], rootDir);
if (!isInstalled(benchDir)) {
  console.log("Installing the opponents and the load generator …");
  // PostGraphile declares Node 22 but runs on 20, so hide npm's warnings.
  npm(["ci", "--ignore-scripts", "--loglevel=error"], benchDir);
}
if (options.build) npm(["run", "--silent", "build"], rootDir);

const { runBenchmark } = await import("./benchmark.mjs");
await runBenchmark(options);

/** Whether the installed versions are those of the lockfile, so that no other version is measured. */
function isInstalled(dir) {
  const installed = `${dir}node_modules/.package-lock.json`;
  if (!existsSync(installed)) return false;
  const packagesOf = (file) => JSON.parse(readFileSync(file, "utf8")).packages;
  const locked = Object.entries(packagesOf(`${dir}package-lock.json`)).filter(([path]) => path !== "");
  const there = packagesOf(installed);
  // The lockfile contains optional packages of other platforms, which are never installed.
  return locked.every(([path, { version, integrity, optional }]) => {
    const found = there[path];
    return found === undefined
      ? optional === true
      : isDeepStrictEqual([found.version, found.integrity], [version, integrity]);
  });
}
