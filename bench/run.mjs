import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { isDeepStrictEqual } from "node:util";
import { readOptions } from "./options.mjs";

// Only what Node brings may be imported here: the opponents' packages are installed first.
const options = readOptions(process.argv.slice(2));
const benchDir = fileURLToPath(new URL(".", import.meta.url));
const rootDir = fileURLToPath(new URL("..", import.meta.url));
const npm = (args, cwd) => execFileSync("npm", args, { cwd, stdio: "inherit" });

if (!existsSync(`${rootDir}node_modules`)) npm(["ci"], rootDir);
if (!isInstalled(benchDir)) {
  console.log("Installing the opponents and the load generator …");
  // PostGraphile asks for Node 22 and runs on 20: npm's page of complaints helps nobody.
  npm(["ci", "--ignore-scripts", "--loglevel=error"], benchDir);
}
if (options.build) npm(["run", "--silent", "build"], rootDir);

const { runBenchmark } = await import("./benchmark.mjs");
await runBenchmark(options);

/** As the lock has it now: an opponent of another version would be measured under the wrong name. */
function isInstalled(dir) {
  const installed = `${dir}node_modules/.package-lock.json`;
  if (!existsSync(installed)) return false;
  const packagesOf = (file) => JSON.parse(readFileSync(file, "utf8")).packages;
  const locked = Object.entries(packagesOf(`${dir}package-lock.json`)).filter(([path]) => path !== "");
  const there = packagesOf(installed);
  // What another platform needs is in the lock and never here.
  return locked.every(([path, { version, integrity, optional }]) => {
    const found = there[path];
    return found === undefined
      ? optional === true
      : isDeepStrictEqual([found.version, found.integrity], [version, integrity]);
  });
}
