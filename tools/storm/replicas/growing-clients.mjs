import http from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import { integerBelow, pick, seededRandom } from "../../support/random.mjs";
import { send } from "../clients.mjs";
import { judgeState } from "./growing-checker.mjs";
import { append, FIRST_JOBS, TASKS } from "./growing-data.mjs";
import { GROWING_ENDPOINTS } from "./growing-endpoints.mjs";

/** An export is much larger than the other responses. */
const EXPORT_SHARE = 0.02;
const WRITE_EVERY_MS = 4;

/** Appends jobs to the tasks in turn, and sometimes publishes the token of a write as an import prints it. */
export async function runWriter({ sql, writes, isOver, readToken, published }) {
  const counts = Array(TASKS + 1).fill(FIRST_JOBS);
  for (let round = 0; !isOver(); round++) {
    const task = (round % TASKS) + 1;
    counts[task] += 1;
    writes.begin(task, counts[task]);
    await sql.begin((transaction) => append(transaction, { task, first: counts[task] - 1, count: 1 }));
    writes.commit(task, counts[task]);
    if (round % 5 === 0) published.last = { task, count: counts[task], token: await readToken(sql) };
    await delay(WRITE_EVERY_MS);
  }
}

/**
 * Requests one page after another and judges each. A third of the clients send the token of their last response, a third the
 * token of a write, and the others none.
 */
export async function runGrowingClient({
  client,
  origin,
  key,
  seed,
  writes,
  published,
  maxLagMs,
  fault,
  tally,
  isOver,
}) {
  const random = seededRandom(seed * 1000 + client);
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  const kind = ["chain", "write", "none"][client % 3];
  const seen = Array(TASKS + 1).fill(0);
  let token = null;

  while (!isOver()) {
    const name = random() < EXPORT_SHARE ? "export" : pick(random, ["rest", "filtered", "graphql", "progress"]);
    const endpoint = GROWING_ENDPOINTS[name];
    const write = kind === "write" ? published.last : null;
    const task = write?.task ?? integerBelow(random, TASKS) + 1;
    const page = { task, limit: pick(random, [1, 5, 20]), offset: integerBelow(random, FIRST_JOBS - 20) };
    const request = endpoint.request(page);
    const sent = write?.token ?? token;
    const startedAt = performance.now();
    const during = fault.name;
    const end = await send(
      { agent, origin, key },
      { ...request, headers: { ...request.headers, ...(sent === null ? {} : { "Consistency-Token": sent }) } },
    );
    const ms = performance.now() - startedAt;
    const state = end.status === 200 ? endpoint.readState(end.text, page) : null;
    const lowest = write?.count ?? seen[task];
    const oldest = writes.committed(task, startedAt - maxLagMs - (endpoint.sharedMs ?? 0));
    const verdict =
      end.status === 200 && end.token !== undefined && !end.text.includes('"code":"DEPENDENCY_')
        ? judgeState(state, { lowest, oldest, newest: writes.begun(task) })
        : // An export that has begun cannot be continued by another server.
          name === "export" && end.kind === "failed"
          ? "cut export"
          : "failed";
    tally.count(during, { verdict, ms, example: { kind, name, page, lowest, oldest, state, end: describe(end) } });
    if (kind === "chain" && verdict === "right") {
      token = end.token;
      seen[task] = Math.max(seen[task], state.atLeast, state.version ?? 0);
    }
  }
  agent.destroy();
}

const describe = ({ kind, status, text, code }) => ({ kind, status, code, text: text?.slice(0, 300) });
