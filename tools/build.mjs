import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
// Also here, for those who install without scripts.
import "./repairs/apply.mjs";

// Everything `node dist/main.js` needs, in dist/. A second build of the same sources takes well under a second.
const root = fileURLToPath(new URL("..", import.meta.url));
const src = join(root, "src");
const dist = join(root, "dist");

if (!existsSync(join(root, "node_modules/typescript"))) {
  // After `npm prune --omit=dev` esbuild is missing, so the existing build is used.
  if (existsSync(join(dist, "main.js"))) process.exit(0);
  console.error("The build needs the devDependencies, which NODE_ENV=production leaves out: npm ci --include=dev");
  process.exit(1);
}
const { buildGraphiql } = await import("./build-graphiql.mjs");

execFileSync(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "-p", root], { stdio: "inherit" });

for (const file of readdirSync(src, { recursive: true, encoding: "utf8" })) {
  if (!file.endsWith(".rest.graphql")) continue;
  mkdirSync(dirname(join(dist, file)), { recursive: true });
  copyFileSync(join(src, file), join(dist, file));
}

await buildGraphiql(join(dist, "http/graphiql/assets"));
