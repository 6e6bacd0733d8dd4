import fc from "fast-check";
import { documentArbitrary } from "./documents.mjs";
import { judgeDocument, judgeErrors, longestList } from "./graphql-oracle.mjs";
import { hostileText } from "./hostile-values.mjs";
import { contentType, oddBody } from "./odd-bodies.mjs";
import { acceptHeaders, otherHeaders, testCase } from "./requests.mjs";

const MAX_ROWS = 100;
const json = ["Content-Type", "application/json"];

const envelope = (arbitraries) =>
  fc.record(arbitraries).map(({ credentials, accept, others, ...parts }) => ({
    ...parts,
    viewer: credentials.viewer,
    headers: [...credentials.headers, ...accept.headers, ...others.headers],
    isJsonAccepted: accept.json,
    othersSent: others.sent,
  }));

const graphqlAccept = fc.oneof(
  { weight: 3, arbitrary: acceptHeaders },
  {
    weight: 2,
    arbitrary: fc
      .constantFrom("application/graphql-response+json", "application/graphql-response+json, application/json;q=0.5")
      .map((value) => ({ json: true, headers: [["Accept", value]] })),
  },
);

/** Valid and damaged documents for the schema, in bodies and in query strings, and odd bodies. */
export function graphqlArbitrary(schema, credentials) {
  const asking = { credentials, accept: graphqlAccept, others: otherHeaders };
  const documents = documentArbitrary(schema);
  return fc.oneof(
    { weight: 60, arbitrary: envelope({ ...asking, document: documents, method: transport }).map(wellFormed) },
    { weight: 25, arbitrary: envelope({ ...asking, document: mutated(documents), method: transport }).map(damaged) },
    { weight: 15, arbitrary: envelope({ ...asking, type: contentType, body: oddBody }).map(oddRequest) },
  );
}

const transport = fc.oneof({ weight: 5, arbitrary: fc.constant("POST") }, { weight: 1, arbitrary: fc.constant("GET") });

function requestOf({ document: { text, variables, operationName }, method }) {
  const parts = { query: text, ...(operationName === null ? {} : { operationName }), variables };
  if (method === "POST") return { method: "POST", target: "/graphql", headers: [json], body: JSON.stringify(parts) };
  const query = new URLSearchParams({ ...parts, variables: JSON.stringify(variables) });
  return { method: "GET", target: `/graphql?${query}`, headers: [], body: null };
}

function requestCase({ viewer, headers, othersSent }, { request, sent }, judge) {
  return testCase({
    kind: "graphql",
    ...request,
    headers: [...request.headers, ...headers],
    viewer,
    sent: [...sent, ...othersSent],
    judge,
  });
}

function wellFormed(parts) {
  const { viewer, document, isJsonAccepted } = parts;
  const sent = [document.text, JSON.stringify(document.variables)];
  const isHalved = /\\ud[89a-f]/.test(JSON.stringify(sent));
  return requestCase(parts, { request: requestOf(parts), sent }, ({ status, headers, text }) => {
    if (isSentToGraphiql(parts, status, headers)) return null;
    // The server may refuse half of a surrogate pair before it checks the credential.
    if (isHalved && status === 400) return null;
    if (viewer === null) return status === 401 ? null : `status ${status} instead of 401`;
    if (status === 406 && isJsonAccepted !== true) return null;
    if (status !== 200 && status !== 400) return `status ${status}`;
    return judgeDocument(document, viewer, JSON.parse(text));
  });
}

function damaged(parts) {
  const { document } = parts;
  const sent = [document.text, JSON.stringify(document.variables)];
  return requestCase(parts, { request: requestOf(parts), sent }, (answer) => judgeAny(parts, answer));
}

function oddRequest(parts) {
  const { type, body } = parts;
  const headers = type === null ? [] : [["Content-Type", type]];
  const request = { method: "POST", target: "/graphql", headers, body };
  return requestCase(parts, { request, sent: [body] }, (answer) => judgeAny(parts, answer));
}

const STATUSES = [200, 400, 401, 405, 406, 413, 415];

/** Checks a response to a request that may be invalid: no data without a credential, and no list longer than a page. */
function judgeAny(parts, { status, headers, text }) {
  if (isSentToGraphiql(parts, status, headers)) return null;
  if (!STATUSES.includes(status)) return `status ${status}`;
  const { data, errors } = JSON.parse(text);
  if (data === undefined && errors === undefined) return "neither data nor errors";
  if (parts.viewer === null && (data !== undefined || status === 200)) return "data without a credential";
  const longest = longestList(data);
  return longest > MAX_ROWS ? `${longest} rows` : judgeErrors(errors ?? []);
}

/** A GET request that accepts HTML is redirected to GraphiQL. */
function isSentToGraphiql({ method }, status, headers) {
  return method === "GET" && status === 302 && headers.get("location")?.split("?")[0] === "/graphiql";
}

const JUNK_TOKENS = [
  ...'{ } ( ) [ ] ! $ @ & | ... : = # " """ \\ query mutation subscription fragment on null true'.split(" "),
  ...'__typename __schema{types{name}} __type(name:"Email"){fields{name}} @skip(if:true) @include(if:$v0) @deprecated $v0 $v9'.split(
    " ",
  ),
  ..."-1 1e9 2147483648 0 \u0000 \ufeff \ud800 é ,,,, \n".split(" "),
];

/** Changes a text at one to three positions: cut, double, insert, replace or reverse a part. */
function mutated(/** @type {fc.Arbitrary<any>} */ documents) {
  const mutation = fc.record({
    kind: fc.constantFrom("cut", "double", "insert", "replace", "swap"),
    at: fc.nat({ max: 999 }),
    length: fc.integer({ min: 1, max: 30 }),
    junk: fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...JUNK_TOKENS) }, { weight: 1, arbitrary: hostileText }),
  });
  return fc
    .tuple(documents, fc.array(mutation, { minLength: 1, maxLength: 3 }))
    .map(([document, mutations]) => ({ ...document, text: mutations.reduce(mutate, document.text) }));
}

function mutate(text, { kind, at, length, junk }) {
  const from = Math.floor((at / 1000) * text.length);
  const [before, part, after] = [text.slice(0, from), text.slice(from, from + length), text.slice(from + length)];
  if (kind === "cut") return before + after;
  if (kind === "double") return before + part + part + after;
  if (kind === "insert") return before + junk + part + after;
  if (kind === "replace") return before + junk + after;
  return before + Array.from(part).reverse().join("") + after;
}
