import { setTimeout as delay } from "node:timers/promises";

/** The ways in which the primary fails, one after another. A stop first sends everything to the standby. */
const LOSSES = ["stop", "kill", "freeze"];

/**
 * Returns the fault that makes the primary fail, promotes its standby after `ms`, and then makes the former primary a standby.
 * @param {{ nodes: import("../support/replication-node.mjs").Node[] }} replication
 */
export function createFailover({ nodes: [first, second] }, history) {
  let [primary, standby] = [first, second];
  let count = 0;
  let last = Promise.resolve();

  async function failOver(ms) {
    const how = LOSSES[count % LOSSES.length];
    count += 1;
    const startedAt = performance.now();
    await primary[how]();
    await delay(Math.max(0, ms - (performance.now() - startedAt)));
    await standby.promote();
    history.note({ event: "fault", fault: "failover", how, ms: Math.round(performance.now() - startedAt) });
    [primary, standby] = [standby, primary];
    if (how === "freeze") standby.thaw();
    await standby.copyFrom(primary);
    await standby.replayed();
  }

  // On a busy machine the copy may take longer than the time to the next failover.
  return (ms) => {
    last = last.then(() => failOver(ms));
    return last;
  };
}
