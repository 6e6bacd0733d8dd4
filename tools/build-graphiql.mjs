import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const PAGE_DIR = join(ROOT, "src/http/graphiql/page");
const STAMP_FILE = ".stamp";

/**
 * Bundles the GraphiQL page into `outDir`, unless its inputs have not changed since the last build.
 * @param {string} outDir
 * @returns {Promise<"built" | "unchanged">}
 */
export async function buildGraphiql(outDir) {
  const stamp = await stampOfInputs();
  if ((await readStamp(outDir)) === stamp) return "unchanged";

  // Builds in another directory and renames it, because a server, a test or a second build may read `outDir` meanwhile.
  const buildDir = `${outDir.replace(/\/+$/, "")}.building-${process.pid}`;
  await rm(buildDir, { recursive: true, force: true });
  try {
    await bundle(buildDir);
    await writeFile(join(buildDir, STAMP_FILE), stamp);
    await replaceDir(buildDir, outDir);
  } finally {
    await rm(buildDir, { recursive: true, force: true });
  }
  return "built";
}

async function bundle(outdir) {
  // Imported here, so that a build without changes need not load the bundler.
  const { build } = await import("esbuild");
  /** @type {import("esbuild").BuildOptions} */
  const shared = {
    outdir,
    bundle: true,
    minify: true,
    target: "es2022",
    define: { "process.env.NODE_ENV": '"production"' },
    // Replaces these CommonJS files, because GraphiQL imports named exports that esbuild does not find in them.
    alias: {
      "prettier/parser-graphql": "prettier/plugins/graphql",
      "prettier/parser-babel": "prettier/plugins/babel",
    },
    logLevel: "warning",
  };
  await Promise.all([
    build({
      ...shared,
      entryPoints: { app: join(PAGE_DIR, "app.tsx"), style: join(PAGE_DIR, "style.css") },
      format: "esm",
      splitting: true,
      chunkNames: "chunks/[name]-[hash]",
      assetNames: "fonts/[name]",
      tsconfig: join(PAGE_DIR, "tsconfig.json"),
      plugins: [fontsAsFiles, monacoCssOnce],
    }),
    build({
      ...shared,
      // Classic scripts, one file each: module workers would need their chunks resolved inside the worker.
      format: "iife",
      entryPoints: {
        "editor.worker": "monaco-editor/esm/vs/editor/editor.worker.js",
        "json.worker": "monaco-editor/esm/vs/language/json/json.worker.js",
        "graphql.worker": "monaco-graphql/esm/graphql.worker.js",
      },
    }),
  ]);
}

/** Writes fonts to files, because GraphiQL's style sheet contains them as data URLs, which `font-src 'self'` refuses. */
const fontsAsFiles = {
  name: "fonts-as-files",
  setup(build) {
    build.onResolve({ filter: /^data:font\// }, ({ path: url }) => {
      const [, type, base64] = /^data:font\/(\w+);base64,(.+)$/.exec(url) ?? [];
      if (!base64) throw new Error(`A font in an encoding this build does not know: ${url.slice(0, 80)}`);
      const contents = Buffer.from(base64, "base64");
      const name = createHash("sha256").update(contents).digest("hex").slice(0, 8);
      return { path: `${name}.${type}`, namespace: "data-font", pluginData: contents };
    });
    build.onLoad({ filter: /.*/, namespace: "data-font" }, ({ pluginData }) => ({
      contents: pluginData,
      loader: "file",
    }));
  },
};

/** GraphiQL's style sheet already contains Monaco's, so the style sheets that Monaco's modules import are dropped. */
const monacoCssOnce = {
  name: "monaco-css-once",
  setup(build) {
    build.onLoad({ filter: /[\\/]monaco-editor[\\/].*\.css$/ }, () => ({ contents: "", loader: "empty" }));
  },
};

async function replaceDir(from, to) {
  await mkdir(dirname(to), { recursive: true });
  await rm(to, { recursive: true, force: true });
  try {
    await rename(from, to);
  } catch (error) {
    // A concurrent build of the same sources has already created the directory.
    if (error.code !== "ENOTEMPTY" && error.code !== "EEXIST") throw error;
  }
}

async function stampOfInputs() {
  const pageFiles = (await readdir(PAGE_DIR)).sort().map((name) => join(PAGE_DIR, name));
  const hash = createHash("sha256");
  for (const file of [join(ROOT, "package-lock.json"), fileURLToPath(import.meta.url), ...pageFiles]) {
    hash
      .update(file.slice(ROOT.length))
      .update("\0")
      .update(await readFile(file))
      .update("\0");
  }
  return hash.digest("hex");
}

async function readStamp(outDir) {
  return readFile(join(outDir, STAMP_FILE), "utf8").catch(() => null);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  process.stdout.write(`GraphiQL: ${await buildGraphiql(join(ROOT, "dist/http/graphiql/assets"))}\n`);
}
