import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type ImportGraph, importsOf, readImportGraph } from "../support/import-graph.ts";

const graph = readImportGraph();

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
    says: "only queries, the database floor and the API keys see drizzle",
    from: /./,
    except: /\.queries\.ts$|^db\/|^auth\/api-key\.ts$/,
    mayNotImport: /^drizzle-orm$/,
  },
  {
    says: "only queries and the database floors see the driver",
    from: /./,
    except: /\.queries\.ts$|^db\/|^embedded-postgres\//,
    mayNotImport: /^postgres$/,
  },
  {
    says: "only types, resolvers and graphql/ see type-graphql",
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
    says: "stories see no framework",
    from: /\/(list|read|export|import)-[a-z-]+\.ts$/,
    mayNotImport: FRAMEWORKS,
  },
  {
    says: "queries and loaders never see the request",
    from: /\.(queries|loader)\.ts$/,
    mayNotImport: /^(context\.ts|http\/.*|graphql\/.*|express)$/,
  },
  {
    says: "queries know nothing above them",
    from: /\.queries\.ts$/,
    mayNotImport: /\.(resolver|route|type|loader)\.ts$|\/list-/,
  },
  {
    says: "db/ imports only values and errors of ours",
    from: /^db\//,
    mayNotImport: /^(?!db\/|values\/|errors\.ts).*\.ts$/,
  },
  {
    says: "nothing imports what starts things",
    from: /./,
    mayNotImport: /^(main\.ts|cli\/(?!progress|run-command|with-database).*)$/,
  },
  {
    says: "only the start of a server composes the application",
    from: /./,
    except: /^server\/start-server\.ts$/,
    mayNotImport: /^app\.ts$/,
  },
  { says: "only commands use the commands' helpers", from: /./, except: /^cli\//, mayNotImport: /^cli\// },
];

function offences(graph: ImportGraph, { from, except, mayNotImport }: Rule): string[] {
  return [...graph]
    .filter(([file]) => from.test(file) && !except?.test(file))
    .flatMap(([file, imports]) =>
      imports.filter((target) => mayNotImport.test(target)).map((target) => `${file} → ${target}`),
    );
}

describe.each(RULES)("$says", (rule) => {
  test("holds", () => {
    expect(offences(graph, rule)).toEqual([]);
  });

  test("guards something: the forbidden is imported where it is allowed, or an offence is found", () => {
    const matching = [...graph.keys()].filter((file) => rule.from.test(file) && !rule.except?.test(file));
    expect(matching.length).toBeGreaterThan(0);
    const [file] = matching;
    const offender: ImportGraph = new Map([[file ?? "", SAMPLES.filter((target) => rule.mayNotImport.test(target))]]);
    expect(offences(offender, rule)).not.toEqual([]);
  });
});

/** At least one target that each rule forbids. */
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

test("the stories that are guarded are these, among others", () => {
  const { from } = RULES.find(({ says }) => says === "stories see no framework") ?? { from: /^$/ };
  const guarded = [...graph.keys()].filter((file) => from.test(file));
  for (const story of ["task-jobs/list-task-jobs.ts", "export/export-jobs.ts", "tasks/progress/read-task-progress.ts"])
    expect(guarded).toContain(story);
});

test("every import of ours leads to a file", () => {
  const missing = [...graph].flatMap(([file, imports]) =>
    imports.filter((target) => target.endsWith(".ts") && !graph.has(target)).map((target) => `${file} → ${target}`),
  );
  expect(missing).toEqual([]);
});

test("no module imports itself, not even round a corner", () => {
  const reaches = (file: string, goal: string, seen = new Set<string>()): boolean =>
    (graph.get(file) ?? []).some((target) => {
      if (target === goal) return true;
      if (seen.has(target)) return false;
      seen.add(target);
      return reaches(target, goal, seen);
    });
  expect([...graph.keys()].filter((file) => reaches(file, file))).toEqual([]);
});

test("the environment is read in main and the commands alone", () => {
  const readers = [...graph.keys()].filter((file) => readFileSync(join("src", file), "utf8").includes("process.env"));
  expect(readers.filter((file) => file !== "main.ts" && !file.startsWith("cli/"))).toEqual([]);
  expect(readers).toContain("main.ts");
});

test("imports are read in all their spellings", () => {
  const source =
    'import a from "./a.ts";\nimport {\n  b,\n} from "../b.ts";\nimport type { C } from "@x/c/d";\nexport * from "e/f";\nimport "g";\nawait import("./h.ts");';
  expect(importsOf("dir/file.ts", source)).toEqual(["dir/a.ts", "b.ts", "@x/c", "e", "g", "dir/h.ts"]);
});
