import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { buildSchema, Kind, parse, print, validate } from "graphql";
import { describe, expect, test } from "vitest";
import { generateExampleTypes } from "../../tools/generate-example-types.mjs";
import { exampleFolders, hasExampleFile, readExample } from "../support/example.ts";

/** The parts of an operation of openapi.json that this test reads. */
interface Operation {
  readonly operationId: string;
  readonly parameters?: readonly { readonly $ref?: string }[];
  readonly responses: Readonly<Record<string, object>>;
}

const folders = exampleFolders();
const manifest = JSON.parse(readFileSync("package.json", "utf8"));
const installed: Record<string, string> = { ...manifest.dependencies, ...manifest.devDependencies };

/** Generators that are too large for `npm ci` of this repository. The tests compare what they have generated. */
const NOT_INSTALLED = ["@graphql-codegen/cli", "openapi-typescript", "relay-compiler"];

describe("folders of examples/", () => {
  test("each example has a README.md with a command, and a line in the list of examples", () => {
    const list = readFileSync("examples/README.md", "utf8");
    expect(folders.length).toBeGreaterThan(18);
    expect(folders.filter((folder) => !/^ {4}\S/m.test(readExample(folder, "README.md")))).toEqual([]);
    expect(folders.filter((folder) => !list.includes(`| [${folder}](${folder}) `))).toEqual([]);
  });

  test.each(["settings.ts", "settings.py", "settings.sh"])(
    "each example has the same %s, so that it can be copied alone",
    (file) => {
      const texts = folders.filter((folder) => hasExampleFile(folder, file)).map((folder) => readExample(folder, file));
      expect(texts.length).toBeGreaterThan(1);
      expect(new Set(texts).size).toBe(1);
    },
  );

  test("each example names the versions of packages that the repository installs and tests", () => {
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
    const wrong = named.filter(
      // openapi-typescript needs TypeScript 5, and this repository has TypeScript 7.
      ({ name, version }) => ![...NOT_INSTALLED, "typescript"].includes(name) && versionOf(name) !== version,
    );
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

  test.each([
    ["relay", "jobs"],
    ["live-relay", "progress"],
  ])("relay-compiler has compiled the present document of examples/%s, and it fits the schema", (folder, document) => {
    const [, source = ""] = /graphql`([^`]*)`/.exec(readExample(folder, `${document}.ts`)) ?? [];
    const [definition] = parse(source).definitions;
    if (definition?.kind !== Kind.OPERATION_DEFINITION) throw new Error(`${document}.ts has no operation`);
    const artifact = readExample(folder, `__generated__/${definition.name?.value}.graphql.ts`);
    // babel-plugin-relay compares the same hash.
    const hash = createHash("md5").update(print(definition)).digest("hex");
    expect(/^\(node .*\.hash = "(\w+)";$/m.exec(artifact)?.[1]).toBe(hash);
    const [, text = ""] = /^ {4}"text": (".*")$/m.exec(artifact) ?? [];
    expect(validate(schema, parse(JSON.parse(text)))).toEqual([]);
  });

  describe("api.ts of examples/openapi-typescript (`npm install && npm run generate` there writes it)", () => {
    const api = readExample("openapi-typescript", "generated/api.ts");
    const { paths, components } = JSON.parse(readFileSync("openapi.json", "utf8"));

    /** The lines of a member of an interface, which has this indentation. */
    const memberOf = (text: string, indentation: number, name: string) => {
      const margin = " ".repeat(indentation);
      const [, lines = ""] = new RegExp(`^${margin}${name}: \\{\\n(.*?)^${margin}\\};`, "ms").exec(text) ?? [];
      return lines;
    };

    test("the schemas of api.ts have the properties of openapi.json, of which the same are optional", () => {
      const inApi = memberOf(api, 4, "schemas");
      const objects = Object.entries<{ properties?: object; required?: string[] }>(components.schemas).flatMap(
        ([name, { properties, required = [] }]) => (properties ? [{ name, properties, required }] : []),
      );
      expect(objects.length).toBeGreaterThan(7);
      for (const { name, properties, required } of objects) {
        const members = [...memberOf(inApi, 8, name).matchAll(/^ {12}(\w+\??): /gm)].map(([, member]) => member);
        const expected = Object.keys(properties).map((key) => (required.includes(key) ? key : `${key}?`));
        expect(members, name).toEqual(expected);
      }
    });

    test("the operations of api.ts have the parameters and statuses of openapi.json", () => {
      const inApi = /^export interface operations \{\n(.*?)^\}/ms.exec(api)?.[1] ?? "";
      const operations = Object.values<Record<string, Operation>>(paths).flatMap((path) =>
        Object.values(path).filter(({ operationId }) => operationId !== undefined),
      );
      expect(operations.length).toBeGreaterThan(7);
      for (const { operationId, parameters = [], responses } of operations) {
        const text = memberOf(inApi, 4, operationId);
        const named = [...text.matchAll(/components\["parameters"\]\["(\w+)"\]/g)].map(([, name]) => name);
        expect(named.sort(), operationId).toEqual(parameters.map(({ $ref }) => $ref?.split("/").at(-1)).sort());
        const statuses = [...text.matchAll(/^ {12}(\d{3}): /gm)].map(([, status]) => status);
        expect(statuses, operationId).toEqual(Object.keys(responses));
      }
    });
  });
});
