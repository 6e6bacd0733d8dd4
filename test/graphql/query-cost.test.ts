import { buildSchema, getOperationAST, parse } from "graphql";
import { expect, test } from "vitest";
import { operationSizes } from "../../src/graphql/limits/query-cost.ts";

const schema = buildSchema(`
  interface Node { id: ID! }
  type Query { task(id: ID!): Task  tasks(first: Int, last: Int, filter: Filter): Tasks  nodes(ids: [ID!]!): [Node]!  words: [Word!]!  page(offset: Int! = 2000): Page!  totals(from: String): Progress! }
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
  if (operation === null || operation === undefined) throw new Error("the document must have one operation");
  return operationSizes(schema)(document, operation).cost(variables);
}

const SEARCH_BY_VARIABLE = "query ($f: Filter) { task(id: 1) { found(filter: $f) { totalCount } } }";
const OFFSET_BY_VARIABLE = "query ($o: Int) { page(offset: $o) { count } }";
const manyProgresses = (count: number) =>
  `{ task(id: 1) { ${Array.from({ length: count }, (_, n) => `a${n}: progress(filter: { status: "${n}" }) { total }`).join(" ")} } }`;

test.for<[string, string, Record<string, unknown>, number]>([
  ["a field costs one", "{ __typename }", {}, 1],
  ["an object that is not a list does not multiply", "{ task(id: 1) { id jobs { totalCount } } }", {}, 4],
  // task + jobs + edges + 100 × (node + email + status)
  [
    "a connection is as long as its argument first",
    "{ task(id: 1) { jobs(first: 100) { edges { node { email { status } } } } } }",
    {},
    303,
  ],
  [
    "edges and nodes of a connection are both as long as its argument",
    "{ tasks(first: 5) { edges { cursor } nodes { id } totalCount } }",
    {},
    14,
  ],
  ["a connection without a size has ten elements", "{ tasks { nodes { id } } }", {}, 12],
  ["the larger of first and last is charged", "{ tasks(first: 3, last: 7) { nodes { id } } }", {}, 9],
  // tasks + nodes + 20 × (jobs + nodes + 30 × id)
  ["lists in lists multiply", "{ tasks(first: 20) { nodes { jobs(last: 30) { nodes { id } } } } }", {}, 642],
  ["a list by ids is as long as the ids", "{ nodes(ids: [1, 2, 3]) { id } }", {}, 4],
  [
    "a list by ids in a variable is as long as the ids",
    "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }",
    { ids: ["a", "b"] },
    3,
  ],
  ["a list without ids costs one field", "{ nodes(ids: []) { id } }", {}, 1],
  ["a list without a size argument has ten elements", "{ words { text } }", {}, 11],
  [
    "fragments count where they are spread",
    "{ a: words { ...F } b: words { ...F } } fragment F on Word { text }",
    {},
    22,
  ],
  [
    "a connection below an interface multiplies",
    "{ nodes(ids: [1]) { ... on Task { jobs(first: 2) { nodes { id } } } } }",
    {},
    5,
  ],
  ["a page size in a variable is charged", "query ($n: Int) { tasks(first: $n) { nodes { id } } }", { n: 4 }, 6],
  [
    "a page size in the default of a variable is charged",
    "query ($n: Int = 3) { tasks(first: $n) { nodes { id } } }",
    {},
    5,
  ],
  [
    "a page size of null is charged as ten",
    "query ($n: Int = 3) { tasks(first: $n) { nodes { id } } }",
    { n: null },
    12,
  ],
  [
    "a page size of another type is charged as the largest page",
    "query ($n: Int) { tasks(first: $n) { nodes { id } } }",
    { n: "many" },
    102,
  ],
  ["a page size above the limit is charged as the largest page", "{ tasks(first: 1000000) { nodes { id } } }", {}, 102],
  ["a negative page size is charged as the largest page", "{ tasks(first: -1) { nodes { id } } }", {}, 102],
  [
    "a missing variable with the name of an inherited property counts as absent",
    "query ($__proto__: Int) { tasks(first: $__proto__) { nodes { id } } }",
    {},
    12,
  ],
  ["a search costs ten fields more", "{ task(id: 1) { found { totalCount } } }", {}, 13],
  [
    "a search with a filter costs fifty fields more",
    '{ task(id: 1) { found(filter: { status: "x" }) { totalCount } } }',
    {},
    53,
  ],
  [
    "the progress of a task costs ten fields more, with a filter 500",
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
  ["the value of a variable replaces its default", OFFSET_BY_VARIABLE.replace("Int", "Int = 7000"), { o: 0 }, 2],
  ["an offset that is null costs nothing", OFFSET_BY_VARIABLE.replace("Int", "Int = 7000"), { o: null }, 2],
  ["an offset that is absent is the default of the field", OFFSET_BY_VARIABLE, {}, 4],
  [
    "15 aliases of huge offsets are charged 15 times",
    `{ ${Array.from({ length: 15 }, (_, n) => `a${n}: page(offset: ${2_147_480_000 + n}) { count }`).join(" ")} }`,
    {},
    15_030,
  ],
  // tasks + nodes + 100 × (found + totalCount + 10)
  [
    "the search of each task in a list is charged",
    "{ tasks(first: 100) { nodes { found { totalCount } } } }",
    {},
    1202,
  ],
  [
    "a search at the root costs no more than its fields",
    '{ tasks(first: 5, filter: { status: "x" }) { totalCount } }',
    {},
    2,
  ],
  // 2 × (totals + total + 500)
  [
    "a count over all tasks costs 500 fields more for each time that it is selected, with and without a range",
    '{ a: totals { total } b: totals(from: "2025-01-01T00:00:00Z") { total } }',
    {},
    1004,
  ],
  ["a filter in a variable is charged", SEARCH_BY_VARIABLE, { f: { status: "x" } }, 53],
  ["a filter variable of null is charged as no filter", SEARCH_BY_VARIABLE, { f: null }, 13],
  ["a missing filter variable is charged as no filter", SEARCH_BY_VARIABLE, {}, 13],
  [
    "a filter in the default of a variable is charged",
    SEARCH_BY_VARIABLE.replace("Filter", "Filter = { status: 1 }"),
    {},
    53,
  ],
])("%s", ([_name, text, variables, expected]) => {
  expect(cost(text, variables)).toBe(expected);
});
