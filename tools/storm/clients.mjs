import http from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import { integerBelow, pick, seededRandom } from "../support/random.mjs";
import { ENDPOINTS } from "./endpoints.mjs";
import { sizeOf, TASKS, USERS } from "./world.mjs";

const LIMITS = [1, 5, 10, 25, 100];
const STRANGERS = 0.05;
/** The server answers within 2 s: what takes this long is left pending, and the checker will see it. */
const GIVE_UP_AFTER_MS = 10_000;
/** A tenth of what `Retry-After` asks for: without it most of what an overloaded server answers is 503, and says little. */
const REST_AFTER_FAILURE_MS = 100;

/** Asks for one page after another, as fast as the answers come, until told to stop. Judges nothing. */
export async function runClient({ client, origin, keys, seed, history, isOver, aborting }) {
  const random = seededRandom(seed * 1000 + client);
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  const user = (client % USERS) + 1;

  while (!isOver()) {
    const page = randomPage(random, user);
    const abortAfterMs = random() < aborting ? random() * 20 : null;
    const number = history.noteAsked({ client, user, ...page });
    const end = await send(agent, origin, keys[user - 1], ENDPOINTS[page.endpoint].request(page), abortAfterMs);
    if (end.kind === "answered") history.noteAnswered(number, end.status, end.text);
    else if (end.kind !== "pending") history.note({ event: end.kind, number, code: end.code });
    if (end.status >= 500) await delay(REST_AFTER_FAILURE_MS);
  }
  agent.destroy();
}

/** Mostly of the user's own; past the end now and then. */
function randomPage(random, user) {
  const owner = random() < STRANGERS ? integerBelow(random, USERS) + 1 : user;
  const task = integerBelow(random, TASKS) + 1;
  return {
    endpoint: pick(random, Object.keys(ENDPOINTS)),
    owner,
    task,
    limit: pick(random, LIMITS),
    offset: integerBelow(random, sizeOf(task) + 5),
  };
}

/** Never rejects: how it ended is what the history wants to know. */
export function send(agent, origin, key, { method, path, headers, body }, abortAfterMs = null) {
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
          settle({ kind: "answered", status: response.statusCode, text: Buffer.concat(chunks).toString() }),
        );
        response.on("error", ({ code }) => settle({ kind: "failed", code }));
      },
    );
    const leave = (kind) => {
      settle({ kind });
      request.destroy();
    };
    request.on("error", ({ code }) => settle({ kind: "failed", code }));
    if (abortAfterMs !== null) timers.push(setTimeout(leave, abortAfterMs, "aborted"));
    timers.push(setTimeout(leave, GIVE_UP_AFTER_MS, "pending"));
    request.end(body);
  });
}
