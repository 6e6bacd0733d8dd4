import { fork } from "node:child_process";
import { randomUUID } from "node:crypto";
import http from "node:http";
import os from "node:os";
import { fileURLToPath } from "node:url";
import { insertKey } from "./support/api-key.mjs";
import { openStage } from "./support/stage.mjs";

// npm run noisy-neighbour -- [rounds] [limit per second]
// One key asks at 20 times its limit: how much slower does another's page get? Wants a machine with nothing else to do.
// The same noise at another server of this machine is the control: what the machine's cores alone do to the other key.
// Who makes the noise has the lowest priority: elsewhere it would have a machine of its own.
// Exit code 1 when the other key's p99 is half as much again as it is alone, or more.
const LIMIT_PER_SECOND = Number(process.argv[3] ?? 100);
const MAX_GROWTH = 1.5;
const JOBS = 500;
const TIMES_THE_LIMIT = 20;
/** Well within the limit. */
const QUIET_PER_SECOND = Math.min(20, LIMIT_PER_SECOND / 2);
const ROUND_SECONDS = 6;

const agent = new http.Agent({ keepAlive: true, maxSockets: 20 });

function get(url, key) {
  return new Promise((resolve, reject) => {
    const startedAt = performance.now();
    http
      .get(url, { agent, headers: { Authorization: `Bearer ${key}` } }, (response) => {
        response.resume();
        response.on("end", () => resolve({ status: response.statusCode, ms: performance.now() - startedAt }));
      })
      .on("error", reject);
  });
}

/** At this rate whatever the answers take: a slow answer must not slow the questions. */
async function ask(url, key, perSecond, seconds) {
  const answers = [];
  const startedAt = performance.now();
  while (answers.length < perSecond * seconds) {
    const due = ((performance.now() - startedAt) / 1000) * perSecond;
    while (answers.length < Math.min(due, perSecond * seconds)) answers.push(get(url, key));
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  return Promise.all(answers);
}

/** A task with jobs, its owner's key that is noisy, and an admin's that is not. */
async function fill(sql) {
  const [taskId, userId] = [randomUUID(), randomUUID()];
  await sql`insert into tasks (id, user_id) values (${taskId}, ${userId})`;
  await sql`
    with record as (
      insert into emails (email, status) select 'u' || n || '@example.com', 'valid' from generate_series(1, ${JOBS}::int) n
      returning id, email
    )
    insert into task_email_jobs (task_id, email_id, email_address, status) select ${taskId}, id, email, 'completed' from record`;
  await sql`analyze`;
  return {
    taskId,
    noisy: await insertKey(sql, userId),
    other: await insertKey(sql, randomUUID(), { isAdmin: true }),
  };
}

const openServer = () =>
  openStage({
    name: "noisy-neighbour",
    environment: { RATE_LIMIT: `${LIMIT_PER_SECOND}/s`, LOG_LEVEL: "silent" },
    fill,
  });
const pageOf = ({ origin, filled }) => `${origin}/api/v1/tasks/${filled.taskId}/jobs`;

/** Whether the other key was disturbed by less than half. */
async function measure(rounds) {
  const servers = [await openServer(), await openServer()];
  try {
    const [ours, elsewhere] = servers;
    const askOther = (seconds) => ask(pageOf(ours), ours.filled.other, QUIET_PER_SECOND, seconds);
    const answers = { alone: [], control: [], beside: [] };
    await askOther(3);
    for (let round = 0; round < rounds; round++) {
      answers.alone.push(...(await askOther(ROUND_SECONDS)));
      answers.control.push(...(await besideNoise(elsewhere, askOther)));
      answers.beside.push(...(await besideNoise(ours, askOther)));
    }
    for (const share of [0.5, 0.99]) {
      const figures = Object.entries(answers).map(([name, times]) => `${name} ${quantile(times, share).toFixed(1)} ms`);
      say(`p${share * 100}: ${figures.join(", ")}`);
    }
    say(`the other key's answers that were not 200: ${answers.beside.filter(({ status }) => status !== 200).length}`);
    return quantile(answers.beside, 0.99) / quantile(answers.alone, 0.99) < MAX_GROWTH;
  } finally {
    for (const server of servers) await server.close();
  }
}

async function besideNoise(server, askOther) {
  const rate = String(TIMES_THE_LIMIT * LIMIT_PER_SECOND);
  const noise = fork(fileURLToPath(import.meta.url), ["--noise", rate, pageOf(server), server.filled.noisy]);
  const heard = new Promise((resolve) => noise.on("message", resolve));
  await new Promise((resolve) => setTimeout(resolve, 1000));
  const answers = await askOther(ROUND_SECONDS);
  say(`the noisy key was answered ${JSON.stringify(await heard)}`);
  return answers;
}

function quantile(answers, share) {
  const sorted = answers.map(({ ms }) => ms).sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
}

function say(line) {
  process.stdout.write(`${line}\n`);
}

async function makeNoise(url, key, perSecond) {
  os.setPriority(os.constants.priority.PRIORITY_LOW);
  const count = {};
  for (const { status } of await ask(url, key, perSecond, ROUND_SECONDS + 2)) {
    count[status] = (count[status] ?? 0) + 1;
  }
  process.send(count, () => process.exit());
}

if (process.argv[2] === "--noise") await makeNoise(process.argv[4], process.argv[5], Number(process.argv[3]));
else {
  const isCalm = await measure(Number(process.argv[2] ?? 5));
  process.exit(isCalm ? 0 : 1);
}
