import { brotliDecompressSync, gunzipSync, inflateSync } from "node:zlib";
import { mayRead, ownedIn, TASKS } from "./world.mjs";

/** The project's list of what an answer never contains, and some of our own: hashes and keys, paths, frames of a stack. */
const LEAK =
  /Failed query|params:|select |insert |PostgresError|drizzle|node_modules|at .*\.js:\d|ECONN|22P02|22021|57014|password|postgres:\/\/|tj_[\w-]{32}|\b[0-9a-f]{64}\b|\/dist\/|\/src\/|\/(work|home|root|tmp|usr)\/|\n +at |file:\/\/|GraphQLJIT|apollo|postgres/gi;

/** Random, or a hash: any five letters will turn up in them. */
const RANDOM_HEADERS = /^(x-request-id|etag):.*$/gim;

const REQUEST_ID = /^[A-Za-z0-9._-]{1,128}$/;
const NEW_REQUEST_ID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const TYPES =
  /^(application\/(graphql-response\+|x-nd)?json|text\/html|text\/csv(?=.*header=present)); charset=utf-8(; header=present)?$/;

const DECODERS = { gzip: gunzipSync, br: brotliDecompressSync, deflate: inflateSync };

export function decoded({ headers, body }) {
  const decode = DECODERS[headers.get("content-encoding")];
  return (decode !== undefined && body.length > 0 ? decode(body) : body).toString();
}

/** What is true of every answer, whatever was asked. Null when nothing is wrong with it. */
export function judgeAnswer(conversation, { status, head, headers, text }) {
  const { viewer, said, bytes, mayBeBusy } = conversation;
  if (status >= 500 && !(mayBeBusy && status === 503)) return `status ${status}: ${text.slice(0, 300)}`;
  const type = headers.get("content-type");
  if (text !== "" && status !== 302 && !TYPES.test(type ?? "")) return `content type ${type}`;
  return (
    findLeak(`${head.replace(RANDOM_HEADERS, "")}\n${text}`, [bytes.toString("latin1"), bytes.toString(), ...said]) ??
    findForeign(viewer, text, said.join("\n")) ??
    (conversation.request === undefined
      ? null
      : judgeRequestId(conversation.request.headers, headers.get("x-request-id")))
  );
}

/** A refusal may repeat what the caller wrote. */
function findLeak(answer, said) {
  for (const [found] of answer.matchAll(LEAK)) {
    const isRepeated = said.some((text) => text.toLowerCase().includes(found.toLowerCase()));
    if (!isRepeated) return `leak: ${found}`;
  }
  return null;
}

function findForeign(viewer, answer, said) {
  for (const { mark, user, task } of ownedIn(answer)) {
    const isVisible = viewer !== null && (task === 0 ? maySeeUser(viewer, user) : mayRead(viewer, taskOf(user, task)));
    if (!isVisible && !said.toLowerCase().includes(mark.toLowerCase())) return `foreign: ${mark}`;
  }
  return null;
}

const taskOf = (user, number) => TASKS.find((one) => one.user === user && one.number === number);

/** A user's id is told to that user and to an admin. */
const maySeeUser = (viewer, user) => viewer.isAdmin || viewer.user === user;

function judgeRequestId(headers, answered) {
  const given = headers.filter(([name]) => name === "X-Request-ID").map(([, value]) => value.trim());
  const isRight =
    given.length === 1 && REQUEST_ID.test(given[0]) ? answered === given[0] : NEW_REQUEST_ID.test(answered);
  // Node joins a header that came twice.
  return isRight || given.length > 1 ? null : `request id ${answered}`;
}
