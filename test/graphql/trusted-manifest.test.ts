import { hash } from "node:crypto";
import { expect, test } from "vitest";
import { startGraphqlServer } from "../../src/graphql/server.ts";
import { createLog } from "../../src/log.ts";
import { manifestFiles } from "../support/manifest-file.ts";
import { createNamedPipe } from "../support/named-pipe.ts";

const CUSTOM = "query Who { viewer { userId } }";
const INTROSPECTION = "{ __schema { queryType { name } } }";
const sha256 = (text: string) => hash("sha256", text);

const manifestFile = manifestFiles();

/** Loads a manifest as a server does at its start, and returns a function that resolves a request. */
async function load(file: string, introspection = true) {
  const { server, resolveDocument } = await startGraphqlServer({
    introspection,
    trustedDocuments: { file, required: true },
    isStoredDocument: () => false,
    log: createLog("silent"),
    metrics: null,
    tracer: null,
  });
  await server.stop();
  return resolveDocument;
}
const start = (content: object | string | Buffer) => load(manifestFile(content));

const long = `{ ${"a ".repeat(1001)} }`;
const jobs = "jobs(first: 100) { nodes { id emailAddress } }";
const costly = `query Costly { ${["a", "b"].map((alias) => `${alias}: tasks(first: 100) { nodes { ${jobs} } }`).join(" ")} }`;
const operation = (body: string) => ({ id: sha256(body), name: "X", type: "query", body });
const apolloManifest = (operations: object[]) => ({
  format: "apollo-persisted-query-manifest",
  version: 1,
  operations,
});

test.each([
  [
    "a field that the schema does not have",
    { a: "query Bad { nothing }" },
    'document a (Bad): line 1: Cannot query field "nothing"',
  ],
  ["a syntax error", { a: "query Bad {" }, "document a (Bad): Syntax Error"],
  ["a mutation", { a: "mutation M { go }" }, "document a (M): the schema has no mutation operations"],
  ["a fragment alone", { a: "fragment F on Task { id }" }, "document a: "],
  ["a document above a limit", { a: long }, "document a: The document has more than 1000 tokens"],
  ["a document above the cost limit", { a: costly }, "document a (Costly): it costs at least 42404"],
  ["a value that is no text", { a: 1 }, "document a: it must be the text of a GraphQL document"],
  ["an empty text", { a: " " }, "document a: it must be the text"],
  ["a hash of another text", { [`sha256:${sha256("x")}`]: CUSTOM }, "the id is not the SHA-256 of the text"],
  ["a short hash", { "sha256:12": CUSTOM }, "document sha256:12: the id must have 64 lower-case"],
  ["an id with a space", { "a b": CUSTOM }, "document with an invalid id: the id must be 1 to 256"],
  [
    "a key that is given twice",
    `{"a": ${JSON.stringify(CUSTOM)}, "\\u0061": "x \\" : {"}`,
    "document a: the id appears more than once",
  ],
  [
    "a hash with and without its prefix",
    { [sha256(CUSTOM)]: CUSTOM, [`sha256:${sha256(CUSTOM)}`]: CUSTOM },
    "the id appears more than once",
  ],
  ["no document", {}, "contains no document"],
  ["a list", [], "must contain an object"],
  ["text that is not JSON", "{", "is not JSON"],
  ["text in UTF-16", Buffer.from('{"a":"b"}', "utf16le"), "is not"],
  ["bytes that are no UTF-8", Buffer.from([0x7b, 0xff]), "is not encoded in UTF-8"],
  ["a huge file", Buffer.alloc(11 * 1024 * 1024, " "), "bytes, and the limit is 10485760"],
  [
    "an Apollo manifest of another version",
    { ...apolloManifest([operation(CUSTOM)]), version: 2 },
    "and the version 1",
  ],
  [
    "an Apollo manifest with a repeated id",
    apolloManifest([operation(CUSTOM), operation(CUSTOM)]),
    "appears more than once",
  ],
  [
    "an Apollo manifest with a wrong hash",
    apolloManifest([{ ...operation(CUSTOM), id: sha256("x") }]),
    "not the SHA-256",
  ],
  ["an Apollo manifest with null", apolloManifest([null as never]), "document with an invalid id"],
])("a manifest that has %s stops the start", async (_what, content, message) => {
  await expect(start(content)).rejects.toThrow(message);
});

test("a manifest that is missing, a directory or a named pipe, or that selects the schema while introspection is off, stops the start", async () => {
  await expect(load("missing.json")).rejects.toThrow("missing.json cannot be read (ENOENT)");
  await expect(load(".artifacts")).rejects.toThrow("is not a file");
  await expect(load(createNamedPipe(`${manifestFile({})}.pipe`))).rejects.toThrow("is not a file");
  await expect(load(manifestFile({ a: INTROSPECTION }), false)).rejects.toThrow("introspection has been disabled");
});

test("one message names every wrong document of a manifest", async () => {
  const wrong = start({ a: "{ x }", b: CUSTOM, "c c": CUSTOM, d: "{" });
  await expect(wrong).rejects.toThrow(/with an invalid id: [\s\S]*document a: [\s\S]*document d: /);
});

test("a manifest in Apollo's form, with a byte order mark and several operations in one document is loaded", async () => {
  const both = "query A { viewer { userId } } query B { viewer { isAdmin } }";
  const resolveDocument = await start(`\ufeff${JSON.stringify(apolloManifest([operation(both)]))}`);
  expect(resolveDocument({ documentId: sha256(both), operationName: "B" })).toMatchObject({ query: both });
});
