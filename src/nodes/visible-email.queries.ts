import { sql } from "drizzle-orm";
import type { Viewer } from "../auth/viewer.ts";
import { isVisibleTask, VIEWER_PLACEHOLDERS } from "../auth/visible-task.queries.ts";
import { prepareRows } from "../db/reads/prepare-rows.ts";
import type { Pool } from "../db/reads/reads.ts";
import { uuidArray } from "../values/array-literal.ts";
import type { Deadline } from "../values/deadline.ts";

/** One task for each email, because Citus has no `distinct on` and PostgreSQL no `min` of a UUID. */
const TASKS_OF_EMAILS = sql`
  select job.email_id, min(job.task_id::text)
  from public.task_email_jobs job join public.tasks task on task.id = job.task_id
  where job.email_id = any(${sql.placeholder("ids")}::uuid[]) and job.deleted_at is null
    and ${isVisibleTask(VIEWER_PLACEHOLDERS)}
  group by job.email_id`;

export type VisibleEmailQueries = ReturnType<typeof visibleEmailQueries>;

export function visibleEmailQueries(database: Pool) {
  const findTasks = prepareRows(database, TASKS_OF_EMAILS);
  return {
    /** For each email that a job of a readable task refers to: the id of one such task. */
    async findTasksOfEmails(viewer: Viewer, ids: readonly string[], deadline: Deadline): Promise<Map<string, string>> {
      const rows = await findTasks({ ids: uuidArray(ids), ...viewer, tasks: "all" }, deadline);
      return new Map(rows.map((row) => [row[0] as string, row[1] as string]));
    },
  };
}
