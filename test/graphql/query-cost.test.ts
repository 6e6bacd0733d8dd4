import { buildSchema, getOperationAST, parse } from "graphql";
import { expect, test } from "vitest";
import { costOfOperation } from "../../src/graphql/limits/query-cost.ts";

const schema = buildSchema(`
  interface Node { id: ID! }
  type Query { task(id: ID!): Task  tasks(first: Int, last: Int, filter: Filter): Tasks  nodes(ids: [ID!]!): [Node]!  words: [Word!]!  page(offset: Int! = 2000): Page! }
  type Page { count: Int! }
  type Tasks { edges: [TaskEdge!]! nodes: [Task!]! totalCount: Int! }
  type TaskEdge { cursor: String! node: Task! }
  type Task implements Node { id: ID! jobs(first: Int, last: Int): Jobs! found(first: Int, filter: Filter): Jobs! progress(filter: Filter): Progress! }
  type Progress { total: Int! }
  input Filter { status: String }
  type Jobs { edges: [JobEdge!]! nodes: [Job!]! totalCount: Int! }
  type JobEdge { cursor: String! node: Job! }
  type Job { id: ID! email: Email }
  type Email { id: ID! status: String }
  type Word { text: String }
`);

function cost(text: string, variables: Record<string, unknown> = {}): number {
  const document = parse(text);
  const operation = getOperationAST(document);
  if (operation === null || operation === undefined) throw new Error("one operation");
  return costOfOperation(schema, document, operation)(variables);
}

const SEARCH_BY_VARIABLE = "query ($f: Filter) { task(id: 1) { found(filter: $f) { totalCount } } }";
const OFFSET_BY_VARIABLE = "query ($o: Int) { page(offset: $o) { count } }";
const manyProgresses = (count: number) =>
  `{ task(id: 1) { ${Array.from({ length: count }, (_, n) => `a${n}: progress(filter: { status: "${n}" }) { total }`).join(" ")} } }`;

test.each<[string, string, Record<string, unknown>, number]>([
  ["a field is one", "{ __typename }", {}, 1],
  ["what is not a list does not multiply", "{ task(id: 1) { id jobs { totalCount } } }", {}, 4],
  // task + jobs + edges + 100 × (node + email + status)
  [
    "a connection is as long as was asked for",
    "{ task(id: 1) { jobs(first: 100) { edges { node { email { status } } } } } }",
    {},
    303,
  ],
  ["both of its lists are", "{ tasks(first: 5) { edges { cursor } nodes { id } totalCount } }", {}, 14],
  ["ten by default", "{ tasks { nodes { id } } }", {}, 12],
  ["the longer one of two sizes", "{ tasks(first: 3, last: 7) { nodes { id } } }", {}, 9],
  // tasks + nodes + 20 × (jobs + nodes + 30 × id)
  ["lists in lists multiply", "{ tasks(first: 20) { nodes { jobs(last: 30) { nodes { id } } } } }", {}, 642],
  ["a list by its members is as long as they are", "{ nodes(ids: [1, 2, 3]) { id } }", {}, 4],
  ["also in a variable", "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", { ids: ["a", "b"] }, 3],
  ["a list of nothing", "{ nodes(ids: []) { id } }", {}, 1],
  ["a list that cannot be sized has ten", "{ words { text } }", {}, 11],
  [
    "fragments count where they are spread",
    "{ a: words { ...F } b: words { ...F } } fragment F on Word { text }",
    {},
    22,
  ],
  ["through an interface", "{ nodes(ids: [1]) { ... on Task { jobs(first: 2) { nodes { id } } } } }", {}, 5],
  ["a variable", "query ($n: Int) { tasks(first: $n) { nodes { id } } }", { n: 4 }, 6],
  ["a variable's default", "query ($n: Int = 3) { tasks(first: $n) { nodes { id } } }", {}, 5],
  ["null is the default", "query ($n: Int = 3) { tasks(first: $n) { nodes { id } } }", { n: null }, 12],
  ["nonsense is the longest", "query ($n: Int) { tasks(first: $n) { nodes { id } } }", { n: "many" }, 102],
  ["as is too much", "{ tasks(first: 1000000) { nodes { id } } }", {}, 102],
  ["and less than none", "{ tasks(first: -1) { nodes { id } } }", {}, 102],
  [
    "a variable that is named like an inherited property and is not given counts as absent",
    "query ($__proto__: Int) { tasks(first: $__proto__) { nodes { id } } }",
    {},
    12,
  ],
  ["a search is ten fields", "{ task(id: 1) { found { totalCount } } }", {}, 13],
  ["one with a filter is fifty", '{ task(id: 1) { found(filter: { status: "x" }) { totalCount } } }', {}, 53],
  [
    "the progress of a task is ten fields, with a filter 500",
    "{ task(id: 1) { a: progress { total } b: progress(filter: {}) { total } } }",
    {},
    515,
  ],
  // 45 × (progress + total + 50 + 450) + task
  ["each alias of a filtered progress is charged", manyProgresses(45), {}, 22_591],
  // tasks + nodes + 450 + 100 × (progress + total + 50): one statement reads the progress of all tasks of the list.
  [
    "the statement of a filtered progress is charged once for a list of tasks",
    "query ($f: Filter) { tasks(first: 100) { nodes { progress(filter: $f) { total } } } }",
    { f: {} },
    5652,
  ],
  // tasks + nodes + 100 × (progress + total + 10)
  [
    "the progress of 100 tasks without a filter is charged for no statement of its own",
    "query ($f: Filter) { tasks(first: 100) { nodes { progress(filter: $f) { total } } } }",
    { f: null },
    1202,
  ],
  ["an offset costs nothing below 1,000 rows", "{ page(offset: 999) { count } }", {}, 2],
  ["an offset costs a field for every 1,000 rows", "{ page(offset: 500000) { count } }", {}, 502],
  ["an offset costs at most 1,000 fields", "{ page(offset: 2147483647) { count } }", {}, 1002],
  ["an offset below 0 costs as much as the largest", "{ page(offset: -1) { count } }", {}, 1002],
  ["an offset of another type costs as much as the largest", OFFSET_BY_VARIABLE, { o: "5" }, 1002],
  ["an offset in a variable costs the same", OFFSET_BY_VARIABLE, { o: 7000 }, 9],
  ["an offset in the default of a variable costs the same", OFFSET_BY_VARIABLE.replace("Int", "Int = 7000"), {}, 9],
  ["an offset in a variable goes before its default", OFFSET_BY_VARIABLE.replace("Int", "Int = 7000"), { o: 0 }, 2],
  ["an offset that is null costs nothing", OFFSET_BY_VARIABLE.replace("Int", "Int = 7000"), { o: null }, 2],
  ["an offset that is absent is the default of the field", OFFSET_BY_VARIABLE, {}, 4],
  [
    "15 aliases of huge offsets are charged 15 times",
    `{ ${Array.from({ length: 15 }, (_, n) => `a${n}: page(offset: ${2_147_480_000 + n}) { count }`).join(" ")} }`,
    {},
    15_030,
  ],
  // tasks + nodes + 100 × (found + totalCount + 10)
  ["each task's counts", "{ tasks(first: 100) { nodes { found { totalCount } } } }", {}, 1202],
  ["those of the root are few", '{ tasks(first: 5, filter: { status: "x" }) { totalCount } }', {}, 2],
  ["a filter's variable", SEARCH_BY_VARIABLE, { f: { status: "x" } }, 53],
  ["that is null", SEARCH_BY_VARIABLE, { f: null }, 13],
  ["that is not given", SEARCH_BY_VARIABLE, {}, 13],
  ["that has a default", SEARCH_BY_VARIABLE.replace("Filter", "Filter = { status: 1 }"), {}, 53],
])("%s", (_name, text, variables, expected) => {
  expect(cost(text, variables)).toBe(expected);
});
