import { fork, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import http from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

// One key asks at 20 times its limit: how much slower does another's page get? Wants a machine with nothing else to do.
// node tools/build.mjs && node tools/noisy-neighbour.mjs [rounds] [limit per second]
const LIMIT_PER_SECOND = Number(process.argv[3] ?? 50);
const TIMES_THE_LIMIT = 20;
const QUIET_PER_SECOND = 20;
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

async function measure(rounds) {
  const dataDir = mkdtempSync(join(tmpdir(), "noisy-neighbour-"));
  const main = fileURLToPath(new URL("../dist/main.js", import.meta.url));
  const settings = { DATA_DIR: dataDir, PORT: "0", RATE_LIMIT: `${LIMIT_PER_SECOND}/s`, LOG_LEVEL: "silent" };
  const server = spawn(process.execPath, [main], {
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...settings },
    stdio: ["ignore", "pipe", "inherit"],
  });
  let printed = "";
  for await (const chunk of server.stdout) {
    printed += chunk;
    if (printed.includes("Listening on")) break;
  }
  const word = (pattern) => pattern.exec(printed)[1];
  const url = `${word(/Listening on (\S+)/)}/api/v1/tasks/${word(/in task (\S+)/)}/jobs`;
  const [noisy, other] = [word(/Demo user +(\S+)/), word(/Demo admin +(\S+)/)];

  const alone = [];
  const beside = [];
  await ask(url, other, QUIET_PER_SECOND, 3);
  for (let round = 0; round < rounds; round++) {
    alone.push(...(await ask(url, other, QUIET_PER_SECOND, ROUND_SECONDS)));
    const noise = fork(fileURLToPath(import.meta.url), [
      "--noise",
      String(TIMES_THE_LIMIT * LIMIT_PER_SECOND),
      url,
      noisy,
    ]);
    const heard = new Promise((resolve) => noise.on("message", resolve));
    await new Promise((resolve) => setTimeout(resolve, 1000));
    beside.push(...(await ask(url, other, QUIET_PER_SECOND, ROUND_SECONDS)));
    say(`round ${round + 1}: the noisy key was answered ${JSON.stringify(await heard)}`);
  }
  for (const share of [0.5, 0.99]) {
    const [before, after] = [alone, beside].map((answers) => quantile(answers, share));
    say(`p${share * 100}: ${before.toFixed(1)} ms alone, ${after.toFixed(1)} ms beside it`);
  }
  say(`the other key's answers that were not 200: ${beside.filter(({ status }) => status !== 200).length}`);
  server.kill("SIGTERM");
  await new Promise((resolve) => server.on("exit", resolve));
  rmSync(dataDir, { recursive: true, force: true });
}

function quantile(answers, share) {
  const sorted = answers.map(({ ms }) => ms).sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
}

function say(line) {
  process.stdout.write(`${line}\n`);
}

async function makeNoise(url, key, perSecond) {
  const count = {};
  for (const { status } of await ask(url, key, perSecond, ROUND_SECONDS + 2)) {
    count[status] = (count[status] ?? 0) + 1;
  }
  process.send(count, () => process.exit());
}

if (process.argv[2] === "--noise") await makeNoise(process.argv[4], process.argv[5], Number(process.argv[3]));
else {
  await measure(Number(process.argv[2] ?? 5));
  process.exit();
}
