import { parseArgs } from "node:util";
import { findWrongTotals, repairTotals, type WrongTotal } from "../job-search/job-totals.queries.ts";
import { runCommand } from "./run-command.ts";
import { withDatabase } from "./with-database.ts";

const USAGE = `Usage:
  npm run doctor             recounts the jobs of every task and mends the totals that are wrong
  npm run doctor -- --check  recounts only; exit code 1 when one is wrong

The database keeps the totals itself. They go wrong where its triggers were switched off: a restore with
--disable-triggers, session_replication_role = replica. Mending makes the writers wait for the time of the count.`;

runCommand(USAGE, async () => {
  const { values } = parseArgs({ options: { check: { type: "boolean", default: false } } });
  const wrong = await withDatabase(({ db }) => (values.check ? findWrongTotals(db) : repairTotals(db)));
  for (const total of wrong) console.log(describe(total));
  if (wrong.length === 0) console.log("Every total is right.");
  else if (values.check) process.exitCode = 1;
  else console.log(`${wrong.length} totals mended.`);
});

function describe({ taskId, kept, counted }: WrongTotal): string {
  return `${taskId}: the total says ${kept}, there are ${counted}`;
}
