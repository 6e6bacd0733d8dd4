import { readFileSync } from "node:fs";
import { getOperationAST, parse } from "graphql";
import { expect, test } from "vitest";
import { isSafeToCompile } from "../../src/graphql/compilable.ts";
import { createCompiledOperations } from "../../src/graphql/compiled-execution.ts";
import { buildTaskJobsSchema } from "../../src/graphql/schema.ts";
import { exampleTabs } from "../../src/http/graphiql/page/examples.ts";

const schema = buildTaskJobsSchema();
const storedFiles = (...names: string[]) =>
  names.map((name) => readFileSync(new URL(`../../src/${name}.rest.graphql`, import.meta.url), "utf8")).join("\n");

test.each([
  ["REST's page", storedFiles("task-jobs/task-job", "task-jobs/job-fields")],
  ["REST's walk", storedFiles("task-jobs/job-walk", "task-jobs/job-fields")],
  ["REST's task", storedFiles("tasks/task", "tasks/task-fields", "tasks/progress/metrics-fields")],
  ["REST's tasks", storedFiles("tasks/tasks", "tasks/task-fields", "tasks/progress/metrics-fields")],
  ...exampleTabs("00000000-0000-4000-8000-000000000000").map(({ query }) => [
    getOperationAST(parse(query))?.name?.value,
    query,
  ]),
])("%s is compiled at its second run after it was stored", (_, text = "") => {
  const document = parse(text);
  const operation = getOperationAST(document);
  if (!operation) throw new Error("no operation");
  const compiledOperation = createCompiledOperations(schema);
  expect([1, 2, 3, 4].map(() => compiledOperation(document, operation) !== null)).toEqual([false, true, true, true]);
});

test("no operation of a document with many operations is compiled", () => {
  const document = parse(Array.from({ length: 120 }, (_, n) => `query Q${n} { viewer { isAdmin } }`).join(" "));
  expect(isSafeToCompile(schema, document)).toBe(false);
});
