// Runs as its own process with the lowest priority, because a real attacker uses another machine.
import http from "node:http";
import os from "node:os";
import { setTimeout as delay } from "node:timers/promises";
import { requestStatus } from "../support/request-status.mjs";
import { ATTACKS } from "./attacks.mjs";

/** This process ends at most this long after the attack, even if the parent does not respond. */
const MAX_OVERTIME_MS = 5000;
const MAX_REQUESTS = 200_000;

process.once("message", async ({ name, factor, origin, attacker, seconds }) => {
  os.setPriority(os.constants.priority.PRIORITY_LOW);
  const { make, also, connections, perSecond } = ATTACKS[name];
  const until = performance.now() + seconds * 1000;
  const statuses = {};
  let sent = 0;
  const report = () => process.send?.(statuses, () => process.exit());
  setTimeout(report, seconds * 1000 + MAX_OVERTIME_MS).unref();

  const agent = new http.Agent({ keepAlive: true, maxSockets: connections * factor });
  const isOver = () => performance.now() > until || sent >= MAX_REQUESTS;
  const count = (status) => {
    statuses[status] = (statuses[status] ?? 0) + 1;
  };
  const sendOne = async () => {
    sent += 1;
    count(await requestStatus(origin, { ...make(attacker), agent }));
  };
  const clients = Array.from({ length: connections * factor }, async (_, index) => {
    if (perSecond === undefined) {
      while (!isOver()) await sendOne();
      return;
    }
    const everyMs = (1000 * connections) / perSecond;
    await delay((everyMs * index) / (connections * factor));
    for (let next = performance.now(); !isOver(); next += everyMs) {
      await delay(Math.max(0, next - performance.now()));
      await sendOne();
    }
  });
  await Promise.all([...clients, also?.({ origin, attacker, factor, isOver, count })]);
  report();
});
