import { type SQL, sql } from "drizzle-orm";
import { LRUCache } from "lru-cache";
import { prepareRows } from "../db/reads/prepare-rows.ts";
import type { Pool } from "../db/reads/reads.ts";
import { JOB_COLUMNS, type JobRecord } from "../job-search/job-record.ts";
import type { Page } from "../paging/page.ts";
import type { Deadline } from "../values/deadline.ts";

const value = sql.placeholder;

/** The parts that this statement has in common with the statement in `task-job.queries.ts`. */
interface SharedParts {
  readonly visibleTask: SQL;
  readonly isOfTask: SQL;
  readonly limit: SQL;
}

type JoinJobs = (walk: (columns: SQL) => SQL, isOfTask: SQL) => SQL;

/** Reads every row that the walk passes. This is faster if it passes few rows. */
const BY_ROW: JoinJobs = (walk) => sql`left join lateral (${walk(JOB_COLUMNS.sql)}) job on true`;

/** Walks the index alone and then looks up the rows of the page. `limit 1` prevents a hash join and a sort. */
const BY_KEY: JoinJobs = (walk, isOfTask) => sql`
  left join lateral (${walk(sql`id`)}) key on true
  left join lateral (
    select ${JOB_COLUMNS.sql} from public.task_email_jobs where ${isOfTask} and id = key.id limit 1
  ) job on true`;

/** With more rows to skip, `BY_KEY` is faster. */
const MAX_SKIPPED_ROWS = 200;

const NO_BOOKMARK = { version: null, offset: 0, createdAt: null, id: null };

/** Finds the same page as `task-job.queries.ts`, but starts at a bookmark instead of counting from the newest job. */
export function deepPageQueries(database: Pool, { visibleTask, isOfTask, limit }: SharedParts) {
  const bookmarks = new Bookmarks();

  // The statement compares the version in its own snapshot, so that it never uses a stale bookmark.
  const walk = (columns: SQL) => sql`
    select ${columns} from public.task_email_jobs
    where ${isOfTask} and deleted_at is null and (created_at, id) <= (
      case when task.version = ${value("version")} then ${value("createdAt")}::timestamptz else 'infinity' end,
      case when task.version = ${value("version")} then ${value("id")}::uuid else 'ffffffff-ffff-ffff-ffff-ffffffffffff' end)
    order by created_at desc, id desc
    limit ${limit}
    offset case when task.version = ${value("version")} then ${value("skip")}::int else ${value("offset")}::int end`;
  const prepare = (joinJobs: JoinJobs) =>
    prepareRows(database, sql`select task.jobs, task.version, job.* from ${visibleTask} ${joinJobs(walk, isOfTask)}`);
  const [findByRow, findByKey] = [prepare(BY_ROW), prepare(BY_KEY)];

  return {
    bookmarks,
    findDeepPage(page: Page & { readonly taskId: string; readonly tasks: readonly string[] }, deadline: Deadline) {
      const { version, offset, createdAt, id } = bookmarks.find(page.taskId, page.offset) ?? NO_BOOKMARK;
      const skip = page.offset - offset;
      const find = skip <= MAX_SKIPPED_ROWS ? findByRow : findByKey;
      return find({ ...page, version, createdAt, id, skip }, deadline);
    },
  };
}

type JobPosition = Pick<JobRecord, "id" | "createdAt">;

/** The position of one job in the list of its task's jobs. */
interface Bookmark extends JobPosition {
  /** The number of jobs in front of it. */
  readonly offset: number;
}

interface TaskBookmarks {
  /** The version of the list for which the bookmarks are valid. */
  readonly version: string;
  /** Sorted by offset. */
  readonly bookmarks: Bookmark[];
}

/** Takes about 4 MB of memory. */
const MAX_BOOKMARKS = 20_000;
/** Enough for a walk through 500,000 jobs with 100 on each page. */
const MAX_BOOKMARKS_OF_A_TASK = 5000;

/** The first and last jobs of served pages, at which later pages start. Each process has its own bookmarks. */
export class Bookmarks {
  readonly #tasks = new LRUCache<string, TaskBookmarks>({
    maxSize: MAX_BOOKMARKS,
    sizeCalculation: ({ bookmarks }) => bookmarks.length,
  });

  get count(): number {
    return this.#tasks.calculatedSize;
  }

  /** The last bookmark at or before the offset. */
  find(taskId: string, offset: number): (Bookmark & { readonly version: string }) | null {
    const task = this.#tasks.get(taskId);
    const bookmark = task?.bookmarks[countUpTo(task.bookmarks, offset) - 1];
    return task === undefined || bookmark === undefined ? null : { ...bookmark, version: task.version };
  }

  /** Adds the ends of the page that starts at the offset, and drops the bookmarks of other versions of the list. */
  add(taskId: string, version: string, page: { readonly offset: number; readonly jobs: readonly JobPosition[] }): void {
    const [first] = page.jobs;
    const last = page.jobs.at(-1);
    if (first === undefined || last === undefined) return;
    const task = this.#tasks.get(taskId);
    let bookmarks = task?.version === version ? task.bookmarks : [];
    // The last job of the page before serves as well as the first job of this page.
    if (!hasBookmarkAt(bookmarks, page.offset - 1)) insert(bookmarks, page.offset, first);
    insert(bookmarks, page.offset + page.jobs.length - 1, last);
    if (bookmarks.length > MAX_BOOKMARKS_OF_A_TASK) bookmarks = bookmarks.filter((_, index) => index % 2 === 1);
    // The cache computes the size only of a new object.
    this.#tasks.set(taskId, { version, bookmarks });
  }
}

function insert(bookmarks: Bookmark[], offset: number, { id, createdAt }: JobPosition): void {
  if (!hasBookmarkAt(bookmarks, offset)) bookmarks.splice(countUpTo(bookmarks, offset), 0, { offset, createdAt, id });
}

function hasBookmarkAt(bookmarks: readonly Bookmark[], offset: number): boolean {
  return bookmarks[countUpTo(bookmarks, offset) - 1]?.offset === offset;
}

/** How many bookmarks have an offset up to this one. */
function countUpTo(bookmarks: readonly Bookmark[], offset: number): number {
  let low = 0;
  let high = bookmarks.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((bookmarks[middle]?.offset ?? 0) <= offset) low = middle + 1;
    else high = middle;
  }
  return low;
}
