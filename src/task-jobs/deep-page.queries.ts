import { type SQL, sql } from "drizzle-orm";
import type { Pool } from "../db/client.ts";
import { prepareRows } from "../db/prepare-rows.ts";
import { JOB_COLUMNS } from "../job-search/job-record.ts";
import type { Page } from "../paging/page.ts";
import type { Deadline } from "../values/deadline.ts";
import { Bookmarks } from "./bookmarks.ts";

const value = sql.placeholder;

/** The parts that this statement has in common with the statement of a page near the newest job. */
interface SharedParts {
  readonly visibleTask: SQL;
  readonly limit: SQL;
}

type FindTheJobs = (walk: (columns: SQL) => SQL) => SQL;

/** Walks the page index and reads each row that it passes. Faster if it passes few rows. */
const BY_ROW: FindTheJobs = (walk) => sql`left join lateral (${walk(JOB_COLUMNS.sql)}) job on true`;

/** Walks the page index alone and then looks up the rows of the page. `limit 1` prevents a hash join and a sort. */
const BY_KEY: FindTheJobs = (walk) => sql`
  left join lateral (${walk(sql`id`)}) key on true
  left join lateral (select ${JOB_COLUMNS.sql} from public.task_email_jobs where id = key.id limit 1) job on true`;

/** With more rows to pass over, `BY_KEY` is faster. */
const MAX_ROWS_PASSED = 200;

/** The same page as in `task-job.queries.ts`, which begins at a bookmark instead of counting from the newest job. */
export function deepPageQueries(database: Pool, { visibleTask, limit }: SharedParts) {
  const bookmarks = new Bookmarks();

  // The statement itself compares the version, in its own snapshot, so that a stale bookmark is never used.
  const walk = (columns: SQL) => sql`
    select ${columns} from public.task_email_jobs
    where task_id = task.id and deleted_at is null and (created_at, id) <= (
      case when task.version = ${value("version")} then ${value("createdAt")}::timestamptz else 'infinity' end,
      case when task.version = ${value("version")} then ${value("id")}::uuid else 'ffffffff-ffff-ffff-ffff-ffffffffffff' end)
    order by created_at desc, id desc
    limit ${limit}
    offset case when task.version = ${value("version")} then ${value("skip")}::int else ${value("offset")}::int end`;
  const prepare = (findTheJobs: FindTheJobs) =>
    prepareRows(database, sql`select task.jobs, task.version, job.* from ${visibleTask} ${findTheJobs(walk)}`);
  const [findByRow, findByKey] = [prepare(BY_ROW), prepare(BY_KEY)];

  return {
    bookmarks,
    findDeepPage(page: Page & { readonly taskId: string }, deadline: Deadline) {
      const { version, offset, createdAt, id } = bookmarks.find(page.taskId, page.offset) ?? NO_BOOKMARK;
      const skip = page.offset - offset;
      const find = skip <= MAX_ROWS_PASSED ? findByRow : findByKey;
      return find({ ...page, version, createdAt, id, skip }, deadline);
    },
  };
}

const NO_BOOKMARK = { version: null, offset: 0, createdAt: null, id: null };
