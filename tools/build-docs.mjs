import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const require = createRequire(import.meta.url);
const PAGE_DIR = fileURLToPath(new URL("../src/http/docs/page/", import.meta.url));

/** The licence of Swagger UI requires that its text and its notice accompany the files. */
const SWAGGER_FILES = [
  require.resolve("swagger-ui-dist/swagger-ui-bundle.js"),
  require.resolve("swagger-ui-dist/swagger-ui-bundle.js.LICENSE.txt"),
  require.resolve("swagger-ui-dist/swagger-ui.css"),
  require.resolve("swagger-ui-dist/LICENSE"),
  require.resolve("swagger-ui-dist/NOTICE"),
];

/**
 * Writes the files of the page at `/docs` into `outDir`.
 * @param {string} outDir
 */
export async function buildDocs(outDir) {
  const { transform } = await import("esbuild");
  await mkdir(outDir, { recursive: true });
  const { code } = await transform(await readFile(join(PAGE_DIR, "docs.ts"), "utf8"), {
    loader: "ts",
    format: "iife",
    target: "es2022",
    minify: true,
  });
  await Promise.all([
    writeFile(join(outDir, "docs.js"), code),
    copyFile(join(PAGE_DIR, "docs.css"), join(outDir, "docs.css")),
    ...SWAGGER_FILES.map((file) => copyFile(file, join(outDir, file.split(/[\\/]/).pop() ?? ""))),
  ]);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await buildDocs(fileURLToPath(new URL("../dist/http/docs/assets", import.meta.url)));
}
