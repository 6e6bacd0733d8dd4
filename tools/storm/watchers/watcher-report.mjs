/**
 * Prints the report and returns the exit code: 0, or 1 for a fault, or 3 if changes were only late on a busy machine.
 */
export function reportWatchers(run) {
  const { seconds, seed, injected, watchers, verdict, beforeTheEnd, leftOver, serverEnds, writers } = run;
  const { committed, lost } = writers.statistics();
  const arrivals = writers.arrivals.toSorted((one, other) => one - other);
  const percentile = (share) =>
    Math.round(arrivals[Math.min(arrivals.length - 1, Math.floor(arrivals.length * share))] ?? 0);
  const list = (counts) =>
    Object.entries(counts)
      .map(([name, count]) => `${name} ${count}`)
      .join(", ");
  const faults = [beforeTheEnd, verdict].flatMap(({ byFault }) => Object.entries(byFault));
  const isGood = faults.length === 0 && writers.missed.length === 0 && leftOver === 0 && serverEnds.length === 0;
  const lines = [
    `watchers, seed ${seed}: ${watchers.length} watchers for ${seconds} s at two servers`,
    `  faults    ${list(injected)}`,
    `  writers   ${committed} transactions, ${lost} lost`,
    `  watchers  ${verdict.delivered} jobs delivered, ${verdict.repeated} of them again; ${verdict.replaced} versions replaced by later ones; ${verdict.breaks} breaks, ${verdict.refusals} refused connections`,
    `  arrival   ${arrivals.length} changes were awaited at all watchers: p50 ${percentile(0.5)} ms, p99 ${percentile(0.99)} ms, max ${percentile(1)} ms`,
    `  end       everything had arrived after ${Math.round(beforeTheEnd.settleMs)} ms, all tasks were complete after ${Math.round(verdict.settleMs)} ms; ${leftOver} streams left`,
    `  wrong     ${faults.map(([name, count]) => `${name} ${count}`).join(", ") || "nothing"}; missed in time: ${writers.missed.length}`,
    `  machine   the timers of this process were up to ${Math.round(run.ownDelayMs)} ms late`,
  ];
  if (!isGood) {
    const examples = [...writers.missed.slice(0, 5), ...beforeTheEnd.examples, ...verdict.examples];
    lines.push(`FAILED: the servers' log is ${run.logFile}`, ...serverEnds.map((end) => `  ${end}`));
    lines.push(...examples.map((example) => `  ${JSON.stringify(example).slice(0, 600)}`));
  }
  process.stdout.write(`${lines.join("\n")}\n`);
  if (isGood) return 0;
  const isOnlyLate = faults.length === 0 && serverEnds.length === 0 && leftOver === 0;
  return isOnlyLate && run.isTooBusy ? 3 : 1;
}
