import fc from "fast-check";
import { hostileText, idText } from "./hostile-values.mjs";

/** The types of a body, most of which are refused. */
export const contentType = fc.oneof(
  { weight: 10, arbitrary: fc.constant("application/json") },
  {
    weight: 5,
    arbitrary: fc.constantFrom(
      null,
      "",
      "application/json; charset=utf-8",
      "application/json; charset=utf-7",
      "application/json; charset=utf-16",
      "application/graphql",
      "application/graphql+json",
      "application/x-www-form-urlencoded",
      "multipart/form-data; boundary=x",
      "text/plain",
      "application/json, text/plain",
      "application/json; charset",
      "Application/JSON",
    ),
  },
);

const smallQuery = idText.map((id) => ({
  query: "query ($id: UUID!) { taskJobs(taskId: $id) { jobs { emailAddress } } }",
  variables: { id },
}));

/** Bodies of broken clients, and bodies with more than one query. */
export const oddBody = fc.oneof(
  fc.json({ maxDepth: 4 }),
  hostileText,
  smallQuery.map((body) => JSON.stringify(body)),
  smallQuery.map((body) => JSON.stringify([body, body])),
  smallQuery.map((body) => JSON.stringify(body).slice(0, -1)),
  smallQuery.map((body) => `\ufeff${JSON.stringify(body)}`),
  fc
    .tuple(smallQuery, fc.jsonValue({ maxDepth: 3 }))
    .map(([body, value]) => JSON.stringify({ ...body, variables: value })),
  fc.tuple(smallQuery, fc.jsonValue({ maxDepth: 2 })).map(([body, value]) => JSON.stringify({ ...body, query: value })),
  fc
    .tuple(smallQuery, fc.jsonValue({ maxDepth: 2 }))
    .map(([body, value]) => JSON.stringify({ ...body, operationName: value })),
  fc
    .tuple(smallQuery, fc.jsonValue({ maxDepth: 3 }))
    .map(([body, value]) => JSON.stringify({ ...body, extensions: value })),
  smallQuery.map((body) =>
    JSON.stringify({ ...body, extensions: { persistedQuery: { version: 1, sha256Hash: "a".repeat(64) } } }),
  ),
  smallQuery.map(
    (body) =>
      `{"__proto__":{"query":"{__typename}"},"constructor":{"prototype":{"x":1}},${JSON.stringify(body).slice(1)}`,
  ),
  smallQuery.map(
    ({ query, variables }) =>
      `{"query":"{__typename}","query":${JSON.stringify(query)},"variables":${JSON.stringify(variables)}}`,
  ),
  fc
    .nat({ max: 20_000 })
    .map((depth) => `{"query":"{__typename}","variables":{"a":${"[".repeat(depth)}${"]".repeat(depth)}}}`),
  fc.nat({ max: 3000 }).map((depth) => JSON.stringify({ query: `{${"a{".repeat(depth)}b${"}".repeat(depth)}}` })),
  fc.nat({ max: 3000 }).map((count) => JSON.stringify({ query: `{${"x ".repeat(count + 1)}}` })),
  fc
    .constantFrom(
      "mutation{__typename}",
      "subscription{__typename}",
      "{__schema{types{name fields{name}}}}",
      "fragment F on Query{...F}",
      "query A{__typename} query B{__typename}",
    )
    .map((query) => JSON.stringify({ query })),
);
