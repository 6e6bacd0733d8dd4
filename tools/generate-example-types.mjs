import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { preset } from "@graphql-codegen/client-preset";
import { codegen } from "@graphql-codegen/core";
import { buildSchema, parse } from "graphql";

const FOLDER = "examples/graphql-codegen";

/**
 * Returns the files that `graphql-codegen` writes for the example. Its command line needs 230 more packages, some of which
 * require Node 22, so this function calls the same generators.
 */
export async function generateExampleTypes(root = ".") {
  const { default: settings } = await import(new URL(`../${FOLDER}/codegen.ts`, import.meta.url).href);
  const [[baseOutputDir, { presetConfig, config }]] = Object.entries(settings.generates);
  const folder = join(root, FOLDER);
  const documents = readdirSync(folder)
    .filter((file) => file.endsWith(".graphql"))
    .sort()
    .map((file) => ({ location: file, rawSDL: readFileSync(join(folder, file), "utf8").trim() }))
    .map((source) => ({ ...source, document: parse(source.rawSDL) }));
  const schemaAst = buildSchema(readFileSync(join(root, "schema.graphql"), "utf8"));
  const outputs = await preset.buildGeneratesSection({
    baseOutputDir,
    presetConfig,
    config,
    documents,
    schemaAst,
    schema: parse(readFileSync(join(root, "schema.graphql"), "utf8")),
    plugins: [],
    pluginMap: {},
  });
  return Promise.all(
    outputs.map(async (output) => ({ file: join(folder, output.filename), text: await codegen(output) })),
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const { file, text } of await generateExampleTypes()) writeFileSync(file, text);
}
