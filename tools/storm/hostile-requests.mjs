import { gzipSync } from "node:zlib";
import { taskId } from "./data.mjs";

/** The largest task that belongs to the attacker. */
const TASK = taskId(1, 3);
const MAX_NAME = 128;
const MAX_DOCUMENT = 64 * 1024;

let made = 0;
const times = (count, make) => Array.from({ length: count }, (_, index) => make(index)).join(" ");
const longName = (index) => `a${index}_`.padEnd(MAX_NAME, "x");

const gzipped = { headers: { "Content-Encoding": "gzip" } };
const post = (body, more = {}) => ({ method: "POST", path: "/graphql", body: JSON.stringify(body), ...more });

/** A new document with few tokens and a long text. */
function commentStuffed() {
  // One wide letter makes V8 keep every letter in two bytes.
  const query = `{__typename}#€${made++} `;
  return [post({ query: query.padEnd(MAX_DOCUMENT - 2, "c") })];
}

/** Sends a document of nearly 1,000 tokens three times, because the third execution compiles it. */
function manyTokens() {
  made += 1;
  const request = post({ query: `{taskJobs(taskId:"${TASK}"){${times(300, (index) => `f${made}_${index}:count`)}}}` });
  return [request, request, request];
}

/** Sends each operation of one document three times. */
function manyOperations() {
  made += 1;
  const query = `${times(24, (index) => `query Q${made}_${index}{taskJobs(taskId:"${TASK}"){...F}}`)} fragment F on TaskJobs{count limit offset}`;
  return [0, 1, 2].flatMap(() => [0, 1, 2, 3].map((index) => post({ query, operationName: `Q${made}_${index}` })));
}

/** The response with the most bytes in names: 15 lists of 100 rows with names of the greatest length. */
function longAliases(namesInARow = 2) {
  const roots = times(15, (index) => `r${index}:taskJobs(taskId:"${TASK}",limit:100){jobs{...F}}`);
  return [
    post({ query: `{${roots}}fragment F on TaskJob{${times(namesInARow, (index) => `${longName(index)}:id`)}}` }),
  ];
}

/** The limits refuse these two before anything is read. */
function tooManyNames() {
  return longAliases(6);
}

function hugeName() {
  const roots = times(15, (index) => `r${index}:taskJobs(taskId:"${TASK}",limit:100){jobs{...F}}`);
  const query = `{${roots}}fragment F on TaskJob{${"x".repeat(90_000)}:id}`;
  return [{ ...post({}), body: gzipSync(JSON.stringify({ query })), ...gzipped }];
}

function progressFilters() {
  made += 1;
  const domain = Array.from({ length: 60 }, (_, index) => `${made}-${index}.${"d".repeat(240)}`);
  const query = "query($f:TaskJobFilter){task(id:$id){progress(filter:$f){total}}}".replace("$id", `"${TASK}"`);
  return [post({ query, variables: { f: { domain } } })];
}

function longAddresses() {
  made += 1;
  const domains = Array.from({ length: 90 }, (_, index) => `domain=${made}-${index}.${"d".repeat(40)}`).join("&");
  return [{ method: "GET", path: `/api/v1/tasks/${TASK}/jobs?limit=100&${domains}` }];
}

function gzipBodies() {
  const query = `{__typename}#${made++}`.padEnd(99_000, "z");
  return [{ ...post({ query }), body: gzipSync(JSON.stringify({ query })), ...gzipped }];
}

/** A compressed body that inflates beyond the body limit. */
function gzipBomb() {
  return [{ ...post({}), body: gzipSync(Buffer.alloc(20_000_000, " ")), ...gzipped }];
}

function operationNames() {
  const operationName = `N${made++}_`.padEnd(30_000, "n");
  return [0, 1, 2].map(() => post({ query: "query A{viewer{userId}}", operationName }));
}

function compressedPages() {
  const headers = { "Accept-Encoding": made++ % 2 === 0 ? "br" : "gzip" };
  return [{ method: "GET", path: `/api/v1/tasks/${TASK}/jobs?limit=100`, headers }];
}

/** Each kind of request uses the whole rate for its share of the time. `reads` is false if the attacker never reads the response. */
export const ATTACKS = [
  { make: hugeName, reads: false },
  { make: commentStuffed, reads: true },
  { make: manyTokens, reads: true },
  { make: manyOperations, reads: true },
  { make: () => longAliases(), reads: true },
  { make: () => longAliases(), reads: false },
  { make: tooManyNames, reads: true },
  { make: progressFilters, reads: true },
  { make: longAddresses, reads: true },
  { make: gzipBodies, reads: true },
  { make: gzipBomb, reads: true },
  { make: operationNames, reads: true },
  { make: compressedPages, reads: false },
  { make: () => longAliases(), reads: false },
];

export const PAGE_OF_ANOTHER = `/api/v1/tasks/${taskId(2, 1)}/jobs`;
