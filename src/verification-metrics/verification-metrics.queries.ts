import { type SQL, sql } from "drizzle-orm";
import type { Viewer } from "../auth/viewer.ts";
import { isVisibleTask } from "../auth/visible-task.queries.ts";
import { queryRows, type Row } from "../db/reads/prepare-rows.ts";
import type { Reads } from "../db/reads/reads.ts";
import { JOBS_WITH_EMAILS } from "../job-search/job-filter.queries.ts";
import { allOf, ifGiven } from "../paging/keyset.queries.ts";
import { EMAIL_COUNTS } from "../tasks/progress/task-progress.queries.ts";
import type { ProgressGroup } from "../tasks/progress/task-progress.ts";
import type { Deadline } from "../values/deadline.ts";

/** The jobs that are counted: those of the user's tasks that the viewer may read, created in the range. */
export interface CountedRange {
  readonly viewer: Viewer;
  readonly userId: string;
  readonly from: string | null;
  readonly to: string | null;
}

export interface MetricsParts {
  readonly jobs: boolean;
  readonly tasks: boolean;
  readonly addresses: boolean;
}

interface JobGroup extends ProgressGroup {
  readonly lastRequestedAt: string;
  readonly lastCompletedAt: string | null;
}

export interface FoundMetrics {
  readonly groups: readonly JobGroup[];
  readonly tasks: number;
  readonly addresses: number;
}

export type VerificationMetricsQueries = ReturnType<typeof verificationMetricsQueries>;

export function verificationMetricsQueries(counts: Reads["counts"]) {
  return {
    timeoutMs: counts.timeoutMs,
    shared: counts.shared,

    /** Counts the selected parts in one statement, which is one snapshot. */
    async findMetrics(range: CountedRange, parts: MetricsParts, deadline: Deadline): Promise<FoundMetrics> {
      const selects = [
        ...(parts.jobs ? [groupsOf(range)] : []),
        ...(parts.tasks ? [tasksOf(range)] : []),
        ...(parts.addresses ? [addressesOf(range)] : []),
      ];
      const rows = await queryRows(counts, sql.join(selects, sql` union all `), { tasks: "all", deadline });
      const numberOf = (kind: string) => Number(rows.find((row) => row[0] === kind)?.[1] ?? 0);
      return {
        groups: rows.filter((row) => row[0] === "jobs").map(readGroup),
        tasks: numberOf("tasks"),
        addresses: numberOf("addresses"),
      };
    },
  };
}

/** All parts return the same columns: a kind, a number, and the columns of a group, which are null for parts without groups. */
const NO_GROUP = sql`null, null, null, null, null, null, null`;

function groupsOf(range: CountedRange): SQL {
  return sql`
    select 'jobs', count(*), job.status::text, ${EMAIL_COUNTS}, max(job.updated_at), max(job.created_at), max(email.validated_at)
    from ${JOBS_WITH_EMAILS} join public.tasks task on task.id = job.task_id where ${jobsIn(range)} group by 3, 4`;
}

function tasksOf(range: CountedRange): SQL {
  return sql`
    select 'tasks', count(*), ${NO_GROUP} from public.tasks task
    where ${allOf([...tasksIn(range), ...createdIn(sql`task.created_at`, range)])}`;
}

function addressesOf(range: CountedRange): SQL {
  return sql`
    select 'addresses', count(distinct lower(job.email_address collate "C")), ${NO_GROUP}
    from public.task_email_jobs job join public.tasks task on task.id = job.task_id where ${jobsIn(range)}`;
}

function jobsIn(range: CountedRange): SQL {
  return allOf([...tasksIn(range), sql`job.deleted_at is null`, ...createdIn(sql`job.created_at`, range)]);
}

function tasksIn({ viewer, userId }: CountedRange): SQL[] {
  return [isVisibleTask(viewer), sql`task.user_id = ${userId}`];
}

function createdIn(column: SQL, { from, to }: CountedRange): SQL[] {
  return [
    ...ifGiven(from, (moment) => sql`${column} >= ${moment}::timestamptz`),
    ...ifGiven(to, (moment) => sql`${column} < ${moment}::timestamptz`),
  ];
}

function readGroup(row: Row): JobGroup {
  return {
    jobs: Number(row[1]),
    status: row[2] as string,
    emailStatus: row[3] as string | null,
    roleBased: Number(row[4]),
    disposable: Number(row[5]),
    lastUpdatedAt: row[6] as string,
    lastRequestedAt: row[7] as string,
    lastCompletedAt: row[8] as string | null,
  };
}
