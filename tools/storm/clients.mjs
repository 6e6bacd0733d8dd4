import http from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import { integerBelow, pick, seededRandom } from "../support/random.mjs";
import { sizeOf, TASKS, USERS } from "./data.mjs";
import { ENDPOINTS } from "./endpoints.mjs";

const LIMITS = [1, 5, 10, 25, 100];
/** The share of requests for a task of another user. */
const FOREIGN_SHARE = 0.05;
/** The server responds within 2 s. The checker reports a request without a response after this time as pending. */
const GIVE_UP_AFTER_MS = 10_000;
/** A tenth of `Retry-After`. Without a pause most responses of an overloaded server would be 503. */
const PAUSE_AFTER_FAILURE_MS = 100;

/** Requests one page after another until `isOver()`, and writes each request and response to the history. */
export async function runClient({ client, origin, keys, seed, history, isOver, aborting }) {
  const random = seededRandom(seed * 1000 + client);
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  const user = (client % USERS) + 1;

  while (!isOver()) {
    const page = randomPage(random, user);
    const abortAfterMs = random() < aborting ? random() * 20 : null;
    const number = history.noteRequest({ client, user, ...page });
    const end = await send(
      { agent, origin, key: keys[user - 1] },
      ENDPOINTS[page.endpoint].request(page),
      abortAfterMs,
    );
    if (end.kind === "answered") history.noteResponse(number, end.status, end.text);
    else if (end.kind !== "pending") history.note({ event: end.kind, number, code: end.code });
    if (end.status >= 500) await delay(PAUSE_AFTER_FAILURE_MS);
  }
  agent.destroy();
}

/** Mostly a page of the user's own tasks, and sometimes a page behind the last job. */
function randomPage(random, user) {
  const owner = random() < FOREIGN_SHARE ? integerBelow(random, USERS) + 1 : user;
  const task = integerBelow(random, TASKS) + 1;
  return {
    endpoint: pick(random, Object.keys(ENDPOINTS)),
    owner,
    task,
    limit: pick(random, LIMITS),
    offset: integerBelow(random, sizeOf(task) + 5),
  };
}

/**
 * Never rejects: the result is how the request ended, which the history records.
 * @param {{ agent: http.Agent, origin: string, key: string }} client
 * @param {{ method: string, path: string, headers?: Record<string, string>, body?: string }} request
 * @param {number | null} [abortAfterMs]
 */
export function send({ agent, origin, key }, { method, path, headers, body }, abortAfterMs = null) {
  return new Promise((resolve) => {
    const timers = [];
    const settle = (end) => {
      for (const timer of timers) clearTimeout(timer);
      resolve(end);
    };
    const request = http.request(
      new URL(path, origin),
      { agent, method, headers: { Authorization: `Bearer ${key}`, ...headers } },
      (response) => {
        const chunks = [];
        response.on("data", (chunk) => chunks.push(chunk));
        response.on("end", () =>
          settle({
            kind: "answered",
            status: response.statusCode,
            text: Buffer.concat(chunks).toString(),
            token: response.headers["consistency-token"],
          }),
        );
        response.on("error", (/** @type {NodeJS.ErrnoException} */ { code }) => settle({ kind: "failed", code }));
      },
    );
    const leave = (kind) => {
      settle({ kind });
      request.destroy();
    };
    request.on("error", (/** @type {NodeJS.ErrnoException} */ { code }) => settle({ kind: "failed", code }));
    if (abortAfterMs !== null) timers.push(setTimeout(leave, abortAfterMs, "aborted"));
    timers.push(setTimeout(leave, GIVE_UP_AFTER_MS, "pending"));
    request.end(body);
  });
}
