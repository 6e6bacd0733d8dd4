import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach } from "vitest";
import { killPrograms, runProgram } from "./program.ts";
import { sharedTestDatabase } from "./test-database.ts";

/** Gives each test of a file an empty database and a directory, and runs `npm run import` on them. */
export async function sharedImportDirectory() {
  const database = await sharedTestDatabase();
  let directory = "";
  beforeEach(async () => {
    await database.sql`truncate tasks, task_email_jobs, emails`;
    directory = await mkdtemp(join(tmpdir(), "task-jobs-import-"));
  });
  afterEach(async () => {
    killPrograms();
    await rm(directory, { recursive: true, force: true });
  });

  return {
    database,
    pathOf: (name: string) => join(directory, name),
    command: (...args: string[]) => runProgram("dist/cli/import.js", { DATABASE_URL: database.url }, args),

    async fileOf(name: string, content: string) {
      await writeFile(join(directory, name), content);
      return join(directory, name);
    },

    async rowCounts() {
      const [counts] = await database.sql`
        select (select count(*)::int from tasks) as tasks, (select count(*)::int from task_email_jobs) as jobs,
          (select count(*)::int from emails) as emails`;
      return counts;
    },
  };
}
