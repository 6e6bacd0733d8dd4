import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { buildSchema, parse, print, validate } from "graphql";
import { describe, expect, test } from "vitest";
import { generateExampleTypes } from "../../tools/generate-example-types.mjs";
import { exampleFolders, hasExampleFile, readExample } from "../support/example.ts";

const folders = exampleFolders();
const manifest = JSON.parse(readFileSync("package.json", "utf8"));
const installed: Record<string, string> = { ...manifest.dependencies, ...manifest.devDependencies };

/** Generators that are too large for `npm ci` of this repository. The tests compare what they have generated. */
const NOT_INSTALLED = ["@graphql-codegen/cli", "relay-compiler"];

describe("each folder of examples/", () => {
  test("has a README.md with a command, and a line in the list of examples", () => {
    const list = readFileSync("examples/README.md", "utf8");
    expect(folders.length).toBeGreaterThan(18);
    expect(folders.filter((folder) => !/^ {4}\S/m.test(readExample(folder, "README.md")))).toEqual([]);
    expect(folders.filter((folder) => !list.includes(`| [${folder}](${folder}) `))).toEqual([]);
  });

  test.each(["settings.ts", "settings.py", "settings.sh"])(
    "has the same %s, so that it can be copied alone",
    (file) => {
      const texts = folders.filter((folder) => hasExampleFile(folder, file)).map((folder) => readExample(folder, file));
      expect(texts.length).toBeGreaterThan(1);
      expect(new Set(texts).size).toBe(1);
    },
  );

  test("names the versions of packages that the repository installs and tests", () => {
    const named = folders
      .filter((folder) => hasExampleFile(folder, "package.json"))
      .flatMap((folder) => {
        const { dependencies, devDependencies } = JSON.parse(readExample(folder, "package.json"));
        return Object.entries<string>({ ...dependencies, ...devDependencies }).map(([name, version]) => ({
          folder,
          name,
          version,
        }));
      });
    const versionOf = (name: string) =>
      installed[name] ?? JSON.parse(readFileSync(join("node_modules", name, "package.json"), "utf8")).version;
    expect(named.length).toBeGreaterThan(20);
    const wrong = named.filter(({ name, version }) => !NOT_INSTALLED.includes(name) && versionOf(name) !== version);
    expect(wrong).toEqual([]);
    expect(NOT_INSTALLED.filter((name) => existsSync(join("node_modules", name)))).toEqual([]);
  });
});

describe("generated files of examples/", () => {
  const schema = buildSchema(readFileSync("schema.graphql", "utf8"));

  test("graphql-codegen writes the files of examples/graphql-codegen (`npm run example-files` writes them)", async () => {
    const generated = await generateExampleTypes();
    expect(generated.map(({ file }) => file)).toContain("examples/graphql-codegen/generated/persisted-documents.json");
    for (const { file, text } of generated) expect(readFileSync(file, "utf8"), file).toBe(text);
  });

  test("relay-compiler has compiled the present document, and it fits the schema", () => {
    const [, source = ""] = /graphql`([^`]*)`/.exec(readExample("relay", "jobs.ts")) ?? [];
    const artifact = readExample("relay", "__generated__/jobsQuery.graphql.ts");
    // babel-plugin-relay compares the same hash.
    const [definition] = parse(source).definitions;
    if (definition === undefined) throw new Error("jobs.ts has no document");
    const hash = createHash("md5").update(print(definition)).digest("hex");
    expect(artifact).toContain(`(node as any).hash = "${hash}";`);
    const [, text = ""] = /^ {4}"text": (".*")$/m.exec(artifact) ?? [];
    expect(validate(schema, parse(JSON.parse(text)))).toEqual([]);
  });
});
