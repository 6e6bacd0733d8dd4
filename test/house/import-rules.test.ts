import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type ImportGraph, importsOf, readImportGraph } from "../support/import-graph.ts";

const graph = readImportGraph();

/** A file may import from its own line and from the lines above it. Types of config.ts may be imported everywhere. */
const LAYERS = [
  ["values/", "errors.ts", "log.ts"],
  ["db/"],
  ["paging/"],
  ["auth/"],
  ["email/"],
  ["job-search/"],
  ["task-jobs/"],
  ["tasks/"],
  ["deletion/", "nodes/", "verification-metrics/", "export/", "import/", "live/", "simulation/"],
  ["context.ts"],
  ["metrics/", "graphql/", "rate-limit/", "http/"],
  ["config.ts"],
  ["app.ts"],
  ["server/"],
  ["main.ts", "cli/"],
];

/** Imports that still break the order of the layers. */
const LAYER_EXCEPTIONS: readonly string[] = [];

/** Routes belong to http/, resolvers and GraphQL types to graphql/, in whatever folder they are. */
function layerOf(file: string): number {
  const role = file.endsWith(".route.ts") ? "http/" : /\.(resolver|type)\.ts$/.test(file) ? "graphql/" : file;
  return LAYERS.findIndex((layer) =>
    layer.some((name) => (name.endsWith("/") ? role.startsWith(name) : role === name)),
  );
}

const upwardImports = (graph: ImportGraph) =>
  [...graph].flatMap(([file, imports]) =>
    imports
      .filter((target) => target.endsWith(".ts") && target !== "config.ts" && layerOf(target) > layerOf(file))
      .map((target) => `${file} → ${target}`),
  );

describe("the layers", () => {
  test("every file of src belongs to a layer", () => {
    expect([...graph.keys()].filter((file) => layerOf(file) === -1)).toEqual([]);
  });

  test("no file imports from a layer above its own", () => {
    expect(upwardImports(graph).filter((found) => !LAYER_EXCEPTIONS.includes(found))).toEqual([]);
  });

  test("an import from a layer above is found, also in a route and in a resolver", () => {
    const offenders: ImportGraph = new Map([
      ["db/client.ts", ["errors.ts", "auth/viewer.ts"]],
      ["task-jobs/task-job.route.ts", ["http/link-header.ts", "app.ts"]],
      ["task-jobs/task-job.resolver.ts", ["graphql/schema.ts", "server/start-server.ts"]],
    ]);
    expect(upwardImports(offenders)).toEqual([
      "db/client.ts → auth/viewer.ts",
      "task-jobs/task-job.route.ts → app.ts",
      "task-jobs/task-job.resolver.ts → server/start-server.ts",
    ]);
  });
});

interface Rule {
  readonly says: string;
  readonly from: RegExp;
  readonly except?: RegExp;
  readonly mayNotImport: RegExp;
}

const FRAMEWORKS =
  /^(express|@apollo\/server|@as-integrations\/.*|graphql|type-graphql|drizzle-orm|postgres|dataloader)$/;

const RULES: readonly Rule[] = [
  {
    says: "only queries, db/ and the API keys import drizzle",
    from: /./,
    except: /\.queries\.ts$|^db\/|^auth\/api-key\.ts$/,
    mayNotImport: /^drizzle-orm$/,
  },
  {
    says: "only queries and db/ import the PostgreSQL driver",
    from: /./,
    except: /\.queries\.ts$|^db\/|^embedded-postgres\//,
    mayNotImport: /^postgres$/,
  },
  {
    says: "only GraphQL types, resolvers and graphql/ import type-graphql",
    from: /./,
    except: /\.(type|resolver)\.ts$|^graphql\//,
    mayNotImport: /^type-graphql$/,
  },
  {
    says: "only routes, http/, rate-limit/ and app.ts import express",
    from: /./,
    except: /\.route\.ts$|^http\/|^rate-limit\/|^app\.ts$/,
    mayNotImport: /^express$/,
  },
  {
    says: "a use case (list-, read-, export- and import- files) imports no framework",
    from: /\/(list|read|export|import)-[a-z-]+\.ts$/,
    mayNotImport: FRAMEWORKS,
  },
  {
    says: "queries and loaders import neither the request context nor http/ and graphql/",
    from: /\.(queries|loader)\.ts$/,
    mayNotImport: /^(context\.ts|http\/.*|graphql\/.*|express)$/,
  },
  {
    says: "queries import no resolver, route, GraphQL type, loader or use case",
    from: /\.queries\.ts$/,
    mayNotImport: /\.(resolver|route|type|loader)\.ts$|\/list-/,
  },
  {
    says: "no file imports main.ts or a command",
    from: /./,
    mayNotImport: /^(main\.ts|cli\/(?!print-table|progress|run-command|with-database|import-).*)$/,
  },
  {
    says: "only server/start-server.ts imports app.ts",
    from: /./,
    except: /^server\/start-server\.ts$/,
    mayNotImport: /^app\.ts$/,
  },
  { says: "only commands import the helpers in cli/", from: /./, except: /^cli\//, mayNotImport: /^cli\// },
];

function offences(graph: ImportGraph, { from, except, mayNotImport }: Rule): string[] {
  return [...graph]
    .filter(([file]) => from.test(file) && !except?.test(file))
    .flatMap(([file, imports]) =>
      imports.filter((target) => mayNotImport.test(target)).map((target) => `${file} → ${target}`),
    );
}

/** At least one import that each rule forbids. */
const SAMPLES = [
  "drizzle-orm",
  "postgres",
  "type-graphql",
  "express",
  "context.ts",
  "task-jobs/task-job.resolver.ts",
  "app.ts",
  "main.ts",
  "cli/progress.ts",
];

test.each(RULES.map((rule) => [rule.says, rule] as const))("%s", (_, rule) => {
  expect(offences(graph, rule)).toEqual([]);
});

test.each(RULES.map((rule) => [rule.says, rule] as const))("a file that breaks it is found: %s", (_, rule) => {
  const [file] = [...graph.keys()].filter((name) => rule.from.test(name) && !rule.except?.test(name));
  if (file === undefined) throw new Error("the rule applies to no file");
  const offender: ImportGraph = new Map([[file, SAMPLES.filter((target) => rule.mayNotImport.test(target))]]);
  expect(offences(offender, rule)).not.toEqual([]);
});

test("the rule on use cases applies to the page, the export and the progress", () => {
  const rule = RULES.find(({ says }) => says.startsWith("a use case"));
  const useCases = [...graph.keys()].filter((file) => rule?.from.test(file));
  const some = ["task-jobs/list-task-jobs.ts", "export/export-jobs.ts", "tasks/progress/read-task-progress.ts"];
  expect(useCases).toEqual(expect.arrayContaining(some));
});

test("every relative import names a file that exists", () => {
  const missing = [...graph].flatMap(([file, imports]) =>
    imports.filter((target) => target.endsWith(".ts") && !graph.has(target)).map((target) => `${file} → ${target}`),
  );
  expect(missing).toEqual([]);
});

test("no file imports itself, directly or through other files", () => {
  const reaches = (file: string, goal: string, seen = new Set<string>()): boolean =>
    (graph.get(file) ?? []).some((target) => {
      if (target === goal) return true;
      if (seen.has(target)) return false;
      seen.add(target);
      return reaches(target, goal, seen);
    });
  expect([...graph.keys()].filter((file) => reaches(file, file))).toEqual([]);
});

const sourceOf = (file: string) => readFileSync(join("src", file), "utf8");

test("only main.ts and the commands read the environment", () => {
  const readers = [...graph.keys()].filter((file) => sourceOf(file).includes("process.env"));
  expect(readers.filter((file) => file !== "main.ts" && !file.startsWith("cli/"))).toEqual([]);
  expect(readers).toContain("main.ts");
});

test("only server/, main.ts and the commands import more than types from config.ts", () => {
  const importsValues = (source: string) => /import (?!type )[^;]*from "(\.\.?\/)+config\.ts"/.test(source);
  const readers = [...graph.keys()].filter((file) => importsValues(sourceOf(file)));
  expect(readers.filter((file) => !/^(main\.ts|cli\/|server\/)/.test(file))).toEqual([]);
  expect(importsValues('import { readConfig } from "../config.ts";')).toBe(true);
  expect(importsValues('import type { Config } from "../config.ts";')).toBe(false);
});

test("imports are found in all their notations", () => {
  const source =
    'import a from "./a.ts";\nimport {\n  b,\n} from "../b.ts";\nimport type { C } from "@x/c/d";\nexport * from "e/f";\nimport "g";\nawait import("./h.ts");';
  expect(importsOf("dir/file.ts", source)).toEqual(["dir/a.ts", "b.ts", "@x/c", "e", "g", "dir/h.ts"]);
});
