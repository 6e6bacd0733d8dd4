import { parseArgs } from "node:util";
import { findWrongTotals, repairTotals, type WrongTotal } from "../job-search/job-totals.queries.ts";
import { pluralize } from "../values/pluralize.ts";
import { runCommand } from "./run-command.ts";
import { withDatabase } from "./with-database.ts";

const USAGE = `Usage:
  npm run doctor             recounts the jobs of every task and corrects each wrong total
  npm run doctor -- --check  only recounts; exits with code 1 if a total is wrong

Triggers in the database keep the totals. A total becomes wrong only while the triggers are disabled, for example during
a restore with --disable-triggers or with session_replication_role = replica. Correcting totals blocks writers until the
recount is complete.`;

runCommand({ script: "doctor", usage: USAGE, run: checkTotals });

async function checkTotals(): Promise<void> {
  const { values } = parseArgs({ options: { check: { type: "boolean", default: false } } });
  const wrong = await withDatabase(({ db }) => (values.check ? findWrongTotals(db) : repairTotals(db)));
  for (const total of wrong) console.log(describe(total));
  if (wrong.length === 0) console.log("Every total is right.");
  else if (values.check) process.exitCode = 1;
  else console.log(`Corrected ${pluralize(wrong.length, "total")}.`);
}

function describe({ taskId, kept, counted }: WrongTotal): string {
  return `${taskId}: the stored total is ${kept}, but the task has ${pluralize(counted, "job")}`;
}
