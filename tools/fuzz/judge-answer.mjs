import { brotliDecompressSync, gunzipSync, inflateSync } from "node:zlib";
import { faultsOfAnswer } from "../support/rest-contract.mjs";
import { mayRead, ownedIn, TASKS } from "./data.mjs";

/** Text that no response may contain: SQL, driver errors, keys and their hashes, file paths and stack frames. */
const LEAK =
  /Failed query|params:|select |insert |PostgresError|drizzle|node_modules|at .*\.js:\d|ECONN|22P02|22021|57014|password|postgres:\/\/|tj_[\w-]{32}|\b[0-9a-f]{64}\b|\/dist\/|\/src\/|\/(work|home|root|tmp|usr)\/|\n +at |file:\/\/|GraphQLJIT|apollo|postgres/gi;

/** These headers contain random text or hashes, which match the pattern of a leak by accident. */
const RANDOM_HEADERS = /^(x-request-id|etag):.*$/gim;

const REQUEST_ID = /^[A-Za-z0-9._-]{1,128}$/;
const NEW_REQUEST_ID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const TYPES =
  /^(application\/(graphql-response\+|x-nd)?json|text\/(html|plain)|text\/csv(?=.*header=present)); charset=utf-8(; header=present)?$/;

const DECODERS = { gzip: gunzipSync, br: brotliDecompressSync, deflate: inflateSync };

export function decoded({ headers, body }) {
  const decode = DECODERS[headers.get("content-encoding")];
  return (decode !== undefined && body.length > 0 ? decode(body) : body).toString();
}

/** Checks what holds for every response, whatever was requested. Returns null or a description of the fault. */
export function judgeAnswer(testCase, { status, head, headers, text }) {
  const { viewer, sent, bytes, mayBeBusy } = testCase;
  if (status >= 500 && !(mayBeBusy && status === 503)) return `status ${status}: ${text.slice(0, 300)}`;
  const type = headers.get("content-type");
  if (text !== "" && status !== 302 && !TYPES.test(type ?? "")) return `content type ${type}`;
  return (
    findLeak(`${head.replace(RANDOM_HEADERS, "")}\n${text}`, [bytes.toString("latin1"), bytes.toString(), ...sent]) ??
    findForeign(viewer, text, sent.join("\n")) ??
    (testCase.request === undefined ? null : judgeRequestId(testCase.request.headers, headers.get("x-request-id"))) ??
    judgeContract(testCase.request, { status, headers: Object.fromEntries(headers), text })
  );
}

/** Bytes that are not a request are compared as a request for an unknown path, if the response is an error of REST. */
function judgeContract(request, answer) {
  if (request === undefined && !answer.text.startsWith('{"error":')) return null;
  const { method = "GET", target = "/malformed" } = request ?? {};
  return faultsOfAnswer({ method, target, ...answer })[0] ?? null;
}

/** An error message may repeat text that the caller sent. */
function findLeak(answer, sent) {
  for (const [found] of answer.matchAll(LEAK)) {
    const isRepeated = sent.some((text) => text.toLowerCase().includes(found.toLowerCase()));
    if (!isRepeated) return `leak: ${found}`;
  }
  return null;
}

function findForeign(viewer, answer, sent) {
  for (const { mark, user, task } of ownedIn(answer)) {
    const isVisible = viewer !== null && (task === 0 ? maySeeUser(viewer, user) : mayRead(viewer, taskOf(user, task)));
    if (!isVisible && !sent.toLowerCase().includes(mark.toLowerCase())) return `foreign: ${mark}`;
  }
  return null;
}

const taskOf = (user, number) => TASKS.find((one) => one.user === user && one.number === number);

/** Only a user and an admin may see that user's id. */
const maySeeUser = (viewer, user) => viewer.isAdmin || viewer.user === user;

function judgeRequestId(headers, answered) {
  const given = headers.filter(([name]) => name === "X-Request-ID").map(([, value]) => value.trim());
  const isRight =
    given.length === 1 && REQUEST_ID.test(given[0]) ? answered === given[0] : NEW_REQUEST_ID.test(answered);
  // Node joins a header that was sent twice.
  return isRight || given.length > 1 ? null : `request id ${answered}`;
}
