import { type SQL, sql } from "drizzle-orm";
import type { OpenDatabase } from "../db/client.ts";
import { prepareRows, type Row } from "../db/prepare-rows.ts";
import { EMAIL_COLUMNS, emailOfRow } from "../email/email.queries.ts";
import { type JoinedEmail, missingEmail } from "../email/email.ts";
import type { FoundJobs } from "../job-search/job-search.ts";
import type { Page } from "../paging/page.ts";
import { shortened } from "../values/text-limit.ts";
import { type KnownPlace, PagePlaces } from "./bookmarks.ts";
import type { JobPageRequest, JobRecord } from "./task-job.ts";

const value = sql.placeholder;

/**
 * The access rule: a task that is missing, deleted or owned by another user gives no row, indistinguishably. The version
 * of its jobs never repeats, and is null if no trigger has counted them. A page that begins behind the last counted job is
 * empty, so that a huge offset walks no index.
 */
const VISIBLE_TASK = sql`(
  select tasks.id, total.jobs, total.version, total.version = ${value("version")} as is_place_known,
    total.version is not null and ${value("offset")}::int >= greatest(total.jobs, 1) as is_past_end
  from public.tasks, lateral (
    select coalesce(sum(jobs), 0) as jobs, sum(changes) || '.' || max(slot) as version
    from public.task_job_totals where task_id = tasks.id
  ) total
  where tasks.id = ${value("taskId")} and tasks.deleted_at is null
    and (${value("isAdmin")}::boolean or tasks.user_id = ${value("userId")})
) task`;

/**
 * One page by its offset from the top, or by what is left of it from a remembered place, whose version must still hold
 * in this very snapshot: a stale place is never used.
 */
const pageOf = (columns: SQL) => sql`
  select ${columns} from public.task_email_jobs
  where task_id = task.id and deleted_at is null and (created_at, id) <= (
    case when task.is_place_known then ${value("placeCreatedAt")}::timestamptz else 'infinity' end,
    case when task.is_place_known then ${value("placeId")}::uuid else 'ffffffff-ffff-ffff-ffff-ffffffffffff' end)
  order by created_at desc, id desc
  limit case when task.is_past_end then 0 else ${value("limit")}::int end
  offset case when task.is_place_known then ${value("fromPlace")}::int else ${value("offset")}::int end`;

/** Its limit keeps the planner from turning the look-up into a join that it hashes and sorts. */
const lookUp = (columns: SQL, table: SQL, id: SQL) => sql`select ${columns} from ${table} where id = ${id} limit 1`;

const JOB_COLUMNS = sql`id, task_id, email_id, email_address, status, created_at, updated_at`;
/**
 * The keys are walked in the page index alone and their rows looked up after. A short way rather fetches the few rows it
 * passes over than look up 100 (0.16 ms).
 */
const shortWay = sql`left join lateral (${pageOf(JOB_COLUMNS)}) job on true`;
const longWay = sql`left join lateral (${pageOf(sql`id`)}) key on true
  left join lateral (${lookUp(JOB_COLUMNS, sql`public.task_email_jobs`, sql`key.id`)}) job on true`;
const withEmails = sql`left join lateral (${lookUp(EMAIL_COLUMNS, sql`public.emails`, sql`job.email_id`)}) email on true`;

/** The longest way that is still short, in rows passed over. */
const SHORT_WAY = 200;

export type TaskJobQueries = ReturnType<typeof taskJobQueries>;

export function taskJobQueries(database: OpenDatabase) {
  const places = new PagePlaces();

  const findTask = prepareRows(database, sql`select task.jobs, task.version from ${VISIBLE_TASK}`);
  /** One statement, hence one snapshot. Its joins are nested loops of lateral rows, which keep the order of the page. */
  const preparePage = (way: SQL) => ({
    alone: prepareRows(database, sql`select task.jobs, task.version, job.* from ${VISIBLE_TASK} ${way}`),
    joined: prepareRows(
      database,
      sql`select task.jobs, task.version, job.*, email.* from ${VISIBLE_TASK} ${way} ${withEmails}`,
    ),
  });
  const pages = { short: preparePage(shortWay), long: preparePage(longWay) };

  return {
    /** Null when this viewer may not see the task or there is none. The page must have been checked. */
    async findVisibleJobPage({ viewer, taskId, page, parts, deadline }: JobPageRequest): Promise<FoundJobs | null> {
      const place = parts.jobs ? places.find(taskId, page.offset) : null;
      const fromPlace = page.offset - (place?.offset ?? 0);
      const { short, long } = pages;
      const way = fromPlace <= SHORT_WAY ? short : long;
      const find = !parts.jobs ? findTask : parts.emails ? way.joined : way.alone;
      const rows = await find({ taskId, ...viewer, ...page, ...valuesOf(place), fromPlace }, deadline);

      const [first] = rows;
      if (first === undefined) return null;
      const [count, version] = first as [string, string | null];
      const jobs = parts.jobs && first[JOB] !== null ? rows.map(jobOfRow) : [];
      if (version !== null) rememberEnds(places, taskId, version, page, fromPlace, jobs);
      return { jobs, emails: parts.emails ? emailsOfJobs(rows) : [], count: Number(count) };
    },
  };
}

function valuesOf(place: KnownPlace | null) {
  return { version: place?.version ?? null, placeCreatedAt: place?.createdAt ?? null, placeId: place?.id ?? null };
}

/** The end, where the next page of a walk begins, and the beginning, when it was not next to a place already. */
function rememberEnds(
  places: PagePlaces,
  taskId: string,
  version: string,
  { offset }: Page,
  fromPlace: number,
  jobs: readonly JobRecord[],
): void {
  const [first] = jobs;
  const last = jobs.at(-1);
  if (first === undefined || last === undefined) return;
  if (fromPlace > 1) places.remember(taskId, version, { offset, createdAt: first.createdAt, id: first.id });
  const end = offset + jobs.length - 1;
  places.remember(taskId, version, { offset: end, createdAt: last.createdAt, id: last.id });
}

/** Where the columns of the job and of the email joined to it begin, behind two of the statement's own. */
const JOB = 2;
const EMAIL = 9;

/** By position, in the order of JOB_COLUMNS. */
export function jobOfRow(row: Row): JobRecord {
  return {
    id: row[JOB] as string,
    taskId: row[JOB + 1] as string,
    emailId: row[JOB + 2] as string | null,
    emailAddress: shortened(row[JOB + 3] as string),
    status: row[JOB + 4] as JobRecord["status"],
    statusWord: row[JOB + 4] as string,
    createdAt: row[JOB + 5] as string,
    updatedAt: row[JOB + 6] as string,
  };
}

export function emailOfJob(row: Row): JoinedEmail | null {
  const id = row[JOB + 2] as string | null;
  return id === null ? null : { id, record: row[EMAIL] === null ? missingEmail(id) : emailOfRow(row, EMAIL) };
}

export function emailsOfJobs(rows: readonly Row[]): JoinedEmail[] {
  return rows.map(emailOfJob).filter((email) => email !== null);
}
