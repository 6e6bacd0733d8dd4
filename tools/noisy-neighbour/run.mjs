// npm run noisy-neighbour -- [--attack B14] [--seconds 8] [--settings default]
// Measures how much slower the pages of one user become while another user attacks the server, on an otherwise idle machine.
// The exit code is 1 if less than 99 % of the pages are 200, or if their p99 is more than three times the p99 without attack.
import { fork } from "node:child_process";
import { once } from "node:events";
import http from "node:http";
import os from "node:os";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { openServerUnderTest } from "../support/server-under-test.mjs";
import { ATTACKS } from "./attacks.mjs";
import { insertData, JWT_SECRET } from "./data.mjs";
import { askAsVictim, summaryOf } from "./victim.mjs";

const SETTINGS = { default: {}, "RATE_LIMIT=100/s": { RATE_LIMIT: "100/s" } };
const MIN_SHARE_OF_200 = 0.99;
const MAX_GROWTH = 3;
const WARM_UP_SECONDS = 4;
/** The attack begins this long before the measurement. */
const HEAD_START_MS = 1000;
const PAUSE_MS = 2500;
const WIDTHS = [4, 28, 5, 17, 8, 8, 8, 8, 6, 7, 0];

const { values } = parseArgs({
  options: {
    attack: { type: "string" },
    seconds: { type: "string", default: "8" },
    settings: { type: "string" },
  },
});
const seconds = Number(values.seconds);
const names = values.attack === undefined ? Object.keys(ATTACKS) : values.attack.split(",");
const settings = values.settings === undefined ? Object.keys(SETTINGS) : [values.settings];
if (!(seconds >= 2) || names.some((name) => !(name in ATTACKS)) || settings.some((name) => !(name in SETTINGS))) {
  process.stderr.write("usage: npm run noisy-neighbour -- [--attack B3,B4] [--seconds 8] [--settings default]\n");
  process.exit(2);
}

printRow(
  "row",
  "attack",
  "rate",
  "settings",
  "requests",
  "200",
  "p50 ms",
  "p99 ms",
  "ratio",
  "own ms",
  "the attacker's answers",
);
let isGood = true;
for (const name of settings) isGood = (await measureSettings(name)) && isGood;
process.stdout.write(`load average at the end: ${os.loadavg()[0].toFixed(1)} on ${os.availableParallelism()} cores\n`);
process.exitCode = isGood ? 0 : 1;

async function measureSettings(setting) {
  const server = await openServerUnderTest({
    name: "noisy-neighbour",
    environment: { JWT_SECRET, LOG_LEVEL: "silent", ...SETTINGS[setting] },
    fill: insertData,
  });
  const agent = new http.Agent({ keepAlive: true });
  const ask = (duration) => askAsVictim({ ...server, ...server.filled, agent, seconds: duration });
  try {
    await ask(WARM_UP_SECONDS);
    const quiet = await measureVictim(ask);
    report({ name: "-", says: "quiet", rate: "-", setting, quiet, victim: quiet, statuses: {} });
    let isGoodSoFar = true;
    for (const name of names) {
      for (const factor of [1, 2]) {
        const { victim, statuses } = await attack(server, { name, factor, ask });
        report({ name, says: ATTACKS[name].says, rate: `x${factor}`, setting, quiet, victim, statuses });
        isGoodSoFar &&= victim.shareOf200 >= MIN_SHARE_OF_200 && victim.p99 <= MAX_GROWTH * quiet.p99;
        await delay(PAUSE_MS);
      }
    }
    return isGoodSoFar;
  } finally {
    agent.destroy();
    await server.close();
  }
}

async function attack({ origin, filled }, { name, factor, ask }) {
  const client = fork(fileURLToPath(new URL("attacker.mjs", import.meta.url)));
  const reported = once(client, "message");
  const ended = once(client, "exit");
  const duration = seconds + (2 * HEAD_START_MS) / 1000;
  client.send({ name, factor, origin, attacker: filled.attacker, seconds: duration });
  await delay(HEAD_START_MS);
  const victim = await measureVictim(ask);
  const [statuses] = await reported;
  await ended;
  return { victim, statuses };
}

/** `ownDelay` is how late the timers of this process are, which shows how busy the machine is. */
async function measureVictim(ask) {
  const delays = monitorEventLoopDelay({ resolution: 1 });
  delays.enable();
  const summary = summaryOf(await ask(seconds));
  delays.disable();
  return { ...summary, ownDelay: delays.percentile(99) / 1e6 };
}

function report({ name, says, rate, setting, quiet, victim, statuses }) {
  const share = `${(100 * victim.shareOf200).toFixed(1)} %`;
  const times = [victim.p50, victim.p99, victim.p99 / quiet.p99, victim.ownDelay].map((value) => value.toFixed(1));
  const answered = Object.entries(statuses).map(([status, count]) => `${status}: ${count}`);
  printRow(name, says, rate, setting, victim.requests, share, ...times, answered.join(", "));
}

function printRow(...cells) {
  const padded = cells.map((cell, index) => String(cell).padEnd(WIDTHS[index]));
  process.stdout.write(`${padded.join(" ").trimEnd()}\n`);
}
