import { and, desc, eq, isNull, or, type SQL, sql } from "drizzle-orm";
import type { Viewer } from "../auth/viewer.ts";
import type { Database } from "../db/client.ts";
import { taskEmailJobs, tasks } from "../db/schema.ts";
import type { Page } from "../page.ts";

export type JobStatus = (typeof taskEmailJobs.$inferSelect)["status"];

/** One row of `task_email_jobs`. Timestamps are Postgres' text. */
export interface JobRecord {
  readonly id: string;
  readonly taskId: string;
  readonly emailId: string | null;
  readonly emailAddress: string;
  readonly status: JobStatus;
  readonly createdAt: string;
  readonly updatedAt: string;
}

export interface JobPage {
  readonly jobs: JobRecord[];
  readonly count: number;
}

/** What the caller selected. What is not wanted is not read: no count, or not even the jobs. */
export interface PageParts {
  readonly jobs: boolean;
  readonly count: boolean;
}

export type TaskJobQueries = ReturnType<typeof taskJobQueries>;

const NO_JOBS: JobRecord[] = [];

export function taskJobQueries(db: Database) {
  const taskId = sql.placeholder("taskId");

  /** The access rule. A task that is missing, deleted or somebody else's gives no row: nothing tells them apart. */
  const visibleTask = and(
    eq(tasks.id, taskId),
    isNull(tasks.deletedAt),
    or(sql`${sql.placeholder("isAdmin")}::boolean`, eq(tasks.userId, sql.placeholder("userId"))),
  );

  // By the parameter, not by `tasks.id`: Postgres then counts once and not once for every row of the page.
  const allJobs = sql<string>`(select count(*) from ${taskEmailJobs} where ${taskEmailJobs.taskId} = ${taskId} and ${taskEmailJobs.deletedAt} is null)`;
  const notCounted = sql<string>`'0'`;

  // The keys first, since the page index alone holds them: the rows that OFFSET passes over are never fetched.
  const keys = db
    .select({ id: taskEmailJobs.id, createdAt: taskEmailJobs.createdAt })
    .from(taskEmailJobs)
    .where(and(eq(taskEmailJobs.taskId, tasks.id), isNull(taskEmailJobs.deletedAt)))
    .orderBy(desc(taskEmailJobs.createdAt), desc(taskEmailJobs.id))
    .limit(sql.placeholder("limit"))
    .offset(sql.placeholder("offset"))
    .as("keys");
  const job = db
    .select({
      id: taskEmailJobs.id,
      taskId: taskEmailJobs.taskId,
      emailId: taskEmailJobs.emailId,
      emailAddress: taskEmailJobs.emailAddress,
      status: taskEmailJobs.status,
      createdAt: taskEmailJobs.createdAt,
      updatedAt: taskEmailJobs.updatedAt,
    })
    .from(taskEmailJobs)
    .where(eq(taskEmailJobs.id, keys.id))
    // Keeps the planner from turning this into a join that it hashes and sorts: one look-up by id for each key.
    .limit(1)
    .as("job");

  const prepareTask = (count: SQL<string>, name: string) =>
    db.select({ count }).from(tasks).where(visibleTask).prepare(name);

  /**
   * Access, count and page in one statement, hence one snapshot: in two, a writer in between makes them disagree. The
   * one row of `tasks` is the outer side of nested loops, which keep the order of the keys.
   */
  const preparePage = (count: SQL<string>, name: string) =>
    db
      .select({
        count,
        job: {
          id: job.id,
          taskId: job.taskId,
          emailId: job.emailId,
          emailAddress: job.emailAddress,
          status: job.status,
          createdAt: job.createdAt,
          updatedAt: job.updatedAt,
        },
      })
      .from(tasks)
      .leftJoinLateral(keys, sql`true`)
      .leftJoinLateral(job, sql`true`)
      .where(visibleTask)
      .prepare(name);

  const task = prepareTask(notCounted, "visible_task");
  const taskWithCount = prepareTask(allJobs, "visible_task_count");
  const jobs = preparePage(notCounted, "visible_task_jobs");
  const jobsWithCount = preparePage(allJobs, "visible_task_jobs_count");

  return {
    /** Null when this viewer may not see the task or there is none. `page` must have been checked. */
    async findVisibleJobPage(viewer: Viewer, taskId: string, page: Page, parts: PageParts): Promise<JobPage | null> {
      const values = { taskId, ...viewer };
      if (!parts.jobs) {
        const [row] = await (parts.count ? taskWithCount : task).execute(values);
        return row === undefined ? null : { jobs: NO_JOBS, count: Number(row.count) };
      }
      const rows = await (parts.count ? jobsWithCount : jobs).execute({ ...values, ...page });
      const [first] = rows;
      if (first === undefined) return null;
      return { jobs: rows.flatMap(({ job }) => job ?? NO_JOBS), count: Number(first.count) };
    },
  };
}
