import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { readOptions } from "./options.mjs";

// Only what Node brings may be imported here: the opponents' packages are installed first.
const options = readOptions(process.argv.slice(2));
const benchDir = fileURLToPath(new URL(".", import.meta.url));
const rootDir = fileURLToPath(new URL("..", import.meta.url));
const npm = (args, cwd) => execFileSync("npm", args, { cwd, stdio: "inherit" });

if (!existsSync(`${rootDir}node_modules`)) npm(["ci"], rootDir);
if (!existsSync(`${benchDir}node_modules`)) {
  console.log("Installing the opponents and the load generator, once …");
  // PostGraphile asks for Node 22 and runs on 20: npm's page of complaints helps nobody.
  npm(["ci", "--ignore-scripts", "--loglevel=error"], benchDir);
}
if (options.build) npm(["run", "--silent", "build"], rootDir);

const { runBenchmark } = await import("./benchmark.mjs");
await runBenchmark(options);
