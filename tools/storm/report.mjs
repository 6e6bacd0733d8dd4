const number = (value) => Math.round(value).toLocaleString("en-US");

/** The tests read only the exit code, and print this report if it is not 0. */
export function printReport(run, verdict) {
  const { scenario, seed, seconds, clients, scheduled, serverEnd, isGood, ownDelayMs, historyFile, logFile } = run;
  const { percentile, statuses } = verdict;
  const entries = (counts) => Object.entries(counts).map(([name, count]) => `${name} ${number(count)}`);
  const faults = Object.keys(scheduled).map(
    (kind) => `${kind} ${number(verdict.faults[kind] ?? 0)} of ${number(scheduled[kind])}`,
  );
  const lines = [
    `${scenario}, seed ${seed}: ${clients} clients for ${seconds.toFixed(1)} s`,
    `  faults    ${faults.join(", ")}`,
    `  answers   ${number(verdict.answers)} (${number(verdict.answers / seconds)}/s), by status ${entries(statuses).join(", ")}; aborted ${number(verdict.aborted)}`,
    `  latency   p50 ${number(percentile(0.5))} ms, p99 ${number(percentile(0.99))} ms, max ${number(percentile(1))} ms`,
    `  late ${verdict.late}, errors ${verdict.error}, wrong pages ${verdict.wrong}, foreign rows ${verdict.foreign}, cut connections ${verdict.lost}, pending ${verdict.pending}`,
    `  machine   the timers of this process were up to ${number(ownDelayMs)} ms late`,
  ];
  print(lines);
  if (isGood) return;
  if (verdict.missing.length > 0) print([`  faults and statuses that are missing: ${verdict.missing.join(", ")}`]);
  if (serverEnd !== 0) print([`  the server exited with ${serverEnd}`]);
  print([
    `FAILED: the history is ${historyFile}, the server's log ${logFile}`,
    ...verdict.examples.map((example) => `  ${JSON.stringify(example).slice(0, 600)}`),
  ]);
}

function print(lines) {
  process.stdout.write(`${lines.join("\n")}\n`);
}
