import { createWriteStream, mkdirSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import postgres from "postgres";
import { applyMigrations } from "#server/db/migrate.js";
import { insertKey } from "../../support/api-key.mjs";
import { seededRandom } from "../../support/random.mjs";
import { openReplication } from "../../support/replication.mjs";
import { MAIN } from "../../support/server-under-test.mjs";
import { createFailover } from "../failover.mjs";
import { openFaults } from "../faults.mjs";
import { MAX_OWN_DELAY_MS, watchOwnDelay } from "../own-delay.mjs";
import { openPooler } from "./open-pooler.mjs";
import { openRestartableServer } from "./restartable-server.mjs";
import { checkWatchers } from "./watch-checker.mjs";
import { insertWatchedData, readTruth, TASKS, userId } from "./watched-data.mjs";
import { openWatcher } from "./watcher.mjs";
import { injectWatcherFaults, watcherFaults } from "./watcher-faults.mjs";
import { WATCHER_KINDS } from "./watcher-kinds.mjs";
import { reportWatchers } from "./watcher-report.mjs";
import { startWriters } from "./writers.mjs";

const METRICS_TOKEN = "storm-of-watchers";
/** How long the last changes may take to reach all watchers. */
const SETTLE_MS = 20_000;

/**
 * Clients follow tasks at two servers over every protocol, while jobs change and one fault after another is injected. The exit
 * code is 1 if a watcher has missed a change, received a wrong one or one out of order, or waits for something at the end.
 * The servers also read from the standby. Without it no failover is injected, and the run starts sooner.
 * @param {{ seconds: number, seed: number, program?: string | undefined, isReplicated?: boolean, isPooled?: boolean }} options
 */
export async function runWatchers({ seconds, seed, program = MAIN, isReplicated = true, isPooled = false }) {
  mkdirSync(".artifacts", { recursive: true });
  const logFile = `.artifacts/watchers-${seed}.log`;
  const log = createWriteStream(logFile);
  const stop = new AbortController();
  process.once("SIGTERM", () => stop.abort()).once("SIGINT", () => stop.abort());
  const keys = [];
  const replication = await openReplication({
    standbys: isReplicated ? 1 : 0,
    prepare: async (url) => {
      await applyMigrations(url);
      await withConnection(url, async (sql) => {
        await insertWatchedData(sql);
        for (const { task } of TASKS) keys[task] = await insertKey(sql, userId(task));
      });
    },
  });
  if (isReplicated) await keepCommitsInStep(replication.nodes);
  const url = replication.urlOf(replication.nodes, "target_session_attrs=primary");
  const servers = [];
  const watchers = [];
  let backends;
  let pooler;
  try {
    if (isPooled) pooler = await openPooler(url);
    const environment = {
      ...{ DATABASE_URL: url, METRICS_TOKEN, LOG_LEVEL: "warn" },
      // Each server of the database is the primary at some time, and a replica before or after it.
      ...(isReplicated ? { DATABASE_REPLICA_URLS: replication.nodes.map((node) => node.url).join(" ") } : {}),
      ...pooler?.environment,
    };
    const seeLine = (line) => log.write(`${line}\n`);
    const open = () => openRestartableServer({ program, environment, seeLine });
    servers.push(...(await Promise.all([open(), open()])));
    const origins = servers.map(({ origin }) => origin);
    watchers.push(...openWatchers({ origins, keys }));
    const isInitial = ({ record: { task, seesJobs, statuses, deliveries, counts, seesProgress } }) =>
      (!seesJobs || statuses !== undefined || deliveries.length >= TASKS[task - 1].jobs) &&
      (!seesProgress || counts !== null);
    await until(() => watchers.every(isInitial), SETTLE_MS);

    const ownDelay = watchOwnDelay();
    const over = performance.now() + seconds * 1000;
    const isOver = () => stop.signal.aborted || performance.now() > over;
    const random = seededRandom(seed);
    const writers = startWriters({ url, watchers, random, isOver });
    const history = { note: () => {} };
    backends = openFaults({ databaseUrl: url, origin: origins[0], trapKey: "", history, random, replication: null });
    const failOver = isReplicated ? createFailover(replication, history) : undefined;
    const { faults, serverEnds } = watcherFaults({ backends, failOver, servers, watchers, random });
    const injected = await injectWatcherFaults(faults, { isReplicated, isOver });
    await writers.ended();
    const records = watchers.map(({ record }) => record);
    const progressAtEnd = await settle(url, (truth) =>
      checkWatchers(
        truth,
        records.map((record) => ({ ...record, completes: false })),
      ),
    );
    for (const record of records) record.mayComplete = true;
    await writers.completeTasks(await withConnection(url, readTruth));
    const verdict = await settle(url, (truth) => checkWatchers(truth, records));
    const ownDelayMs = ownDelay.stop();
    for (const watcher of watchers) watcher.close();
    await Promise.all(watchers.map(({ ended }) => ended));
    const leftOver = await streamsLeft(origins);
    const ends = await Promise.all(servers.splice(0).map((server) => server.stop("SIGTERM")));
    serverEnds.push(...ends.filter((end) => end !== 0).map((end) => `a server ended with ${end} at the end`));
    return reportWatchers({
      ...{ seconds, seed, injected, watchers: records, verdict, beforeTheEnd: progressAtEnd, leftOver, serverEnds },
      ...{ writers, ownDelayMs, logFile, isTooBusy: ownDelayMs > MAX_OWN_DELAY_MS },
    });
  } finally {
    for (const watcher of watchers) watcher.close();
    await backends?.close();
    for (const server of servers) await server.stop("SIGKILL");
    await pooler?.stop();
    await replication.close();
  }
}

/**
 * A commit waits until the standby has it, so that a failover loses no change that a watcher has received. A commit of the
 * servers themselves does not wait.
 */
async function keepCommitsInStep(nodes) {
  for (const node of nodes) await node.configure({ synchronous_standby_names: "*", synchronous_commit: "on" });
}

/** Each task is watched over each protocol from both servers, and one task with a filter. */
function openWatchers({ origins, keys }) {
  const kinds = TASKS.flatMap(({ task }) =>
    Object.keys(WATCHER_KINDS).flatMap((kind) => origins.map((_, first) => ({ task, kind, first }))),
  );
  const filtered = ["changes", "socket changes", "rest"].map((kind) => ({
    ...{ task: 3, kind, first: 0, statuses: ["completed", "failed"] },
  }));
  return [...kinds, ...filtered].map((watcher) => {
    const { task, kind, first, statuses } = watcher;
    const name = `${kind} ${first} of task ${task}${statuses === undefined ? "" : " with a filter"}`;
    return openWatcher({ ...watcher, name, key: keys[task], origins });
  });
}

/** Repeats the check until it finds nothing, or the time is up. */
async function settle(url, check) {
  const startedAt = performance.now();
  for (;;) {
    const verdict = check(await withConnection(url, readTruth));
    const isGood = Object.keys(verdict.byFault).length === 0;
    const settleMs = performance.now() - startedAt;
    if (isGood || settleMs > SETTLE_MS) return { ...verdict, isGood, settleMs };
    await delay(100);
  }
}

/** The streams and WebSocket connections that the servers still count after all watchers have left. */
async function streamsLeft(origins) {
  const count = async (origin) => {
    const response = await fetch(`${origin}/metrics`, { headers: { Authorization: `Bearer ${METRICS_TOKEN}` } });
    const kinds = [...(await response.text()).matchAll(/^live_(?:streams\{.*\}|sockets) (\d+)/gm)];
    return kinds.length === 0 ? Number.NaN : kinds.reduce((total, [, streams]) => total + Number(streams), 0);
  };
  for (let attempt = 0; ; attempt++) {
    const counts = await Promise.all(origins.map(count));
    const sum = counts.reduce((total, streams) => total + streams, 0);
    if (sum === 0 || attempt === 20) return sum;
    await delay(100);
  }
}

async function withConnection(url, work) {
  const sql = postgres(url, { max: 1, onnotice: () => {}, fetch_types: false, connect_timeout: 5 });
  try {
    return await work(sql);
  } finally {
    await sql.end({ timeout: 1 });
  }
}

async function until(isTrue, ms) {
  const end = performance.now() + ms;
  while (!isTrue()) {
    if (performance.now() > end) throw new Error("not all watchers have received all jobs before the first fault");
    await delay(20);
  }
}
