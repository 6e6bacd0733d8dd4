import { type SQL, sql } from "drizzle-orm";
import type { Viewer } from "../auth/viewer.ts";
import { isVisibleTask, VIEWER_PLACEHOLDERS } from "../auth/visible-task.queries.ts";
import { prepareRows } from "../db/reads/prepare-rows.ts";
import type { Pool, TaskScope } from "../db/reads/reads.ts";
import { JOB_COLUMNS, type JobRecord, readJob } from "../job-search/job-record.ts";
import { uuidArray } from "../values/array-literal.ts";
import type { Deadline } from "../values/deadline.ts";

const value = sql.placeholder;

const visibleJobsWhere = (condition: SQL) => sql`
  select job.task_id, ${JOB_COLUMNS.of("job")}
  from public.task_email_jobs job join public.tasks task on task.id = job.task_id
  where ${condition} and job.deleted_at is null and ${isVisibleTask(VIEWER_PLACEHOLDERS)}`;

const HAS_ID = sql`job.id = any(${value("ids")}::uuid[])`;
/** Names the task of both tables by its value, so that Citus reads one shard. An id alone is looked up in every shard. */
const HAS_ID_IN_TASK = sql`${HAS_ID} and job.task_id = ${value("taskId")} and task.id = ${value("taskId")}`;

export interface JobsRequest {
  readonly viewer: Viewer;
  readonly ids: readonly string[];
  /** The task of all these jobs, or null if it is not known. Jobs of other tasks are left out. */
  readonly taskId: string | null;
  readonly deadline: Deadline;
}

export type JobQueries = ReturnType<typeof jobQueries>;

export function jobQueries(database: Pool) {
  const findByIds = prepareRows(database, visibleJobsWhere(HAS_ID));
  const findInTask = prepareRows(database, visibleJobsWhere(HAS_ID_IN_TASK));
  return {
    /** The jobs of tasks that the viewer may read, in any order. */
    async findVisibleJobsByIds({ viewer, ids, taskId, deadline }: JobsRequest): Promise<JobRecord[]> {
      const values = { ids: uuidArray(ids), ...viewer };
      const tasks: TaskScope = taskId === null ? "all" : [taskId];
      const found =
        taskId === null
          ? findByIds({ ...values, tasks }, deadline)
          : findInTask({ ...values, taskId, tasks }, deadline);
      return (await found).map((row) => readJob(row, row[0] as string, 1));
    },
  };
}
