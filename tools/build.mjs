import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

// Writes everything that `node dist/main.js` needs to dist/.
const root = fileURLToPath(new URL("..", import.meta.url));
const src = join(root, "src");
const dist = join(root, "dist");
const HOME_ASSETS = join("http/home/assets", "/");

/** Runs a JavaScript file of an installed package, whose output is shown only if it fails. */
function run(script, args, remedy = "") {
  const { status, stdout } = spawnSync(process.execPath, [join(root, "node_modules", script), ...args], {
    cwd: root,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  });
  if (status === 0) return;
  console.error(stdout + remedy);
  process.exit(1);
}

// `npm ci --ignore-scripts` skips the install script that applies the patches. Applying them twice changes nothing.
const remedy = "If an update of the repository changed a patch, install the packages again: npm ci";
run("patch-package/index.js", ["--error-on-fail"], remedy);

if (!existsSync(join(root, "node_modules/typescript"))) {
  // After `npm prune --omit=dev` esbuild is missing, so the existing build is used.
  if (existsSync(join(dist, "main.js"))) process.exit(0);
  console.error("The build needs the devDependencies, which NODE_ENV=production leaves out: npm ci --include=dev");
  process.exit(1);
}
const { buildGraphiql } = await import("./build-graphiql.mjs");
const { buildDocs } = await import("./build-docs.mjs");

run("typescript/bin/tsc", ["-p", join(root, "packages/embedded-postgres")]);
run("typescript/bin/tsc", ["-p", root]);

for (const file of readdirSync(src, { recursive: true, encoding: "utf8" })) {
  if (!file.endsWith(".rest.graphql") && !file.startsWith(HOME_ASSETS)) continue;
  mkdirSync(dirname(join(dist, file)), { recursive: true });
  copyFileSync(join(src, file), join(dist, file));
}

await Promise.all([buildGraphiql(join(dist, "http/graphiql/assets")), buildDocs(join(dist, "http/docs/assets"))]);
