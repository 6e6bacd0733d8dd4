import type { JobRecord } from "../job-search/job-record.ts";

/** The position of one job in the list of its task's jobs. */
export interface Bookmark {
  /** The number of jobs in front of it. */
  readonly offset: number;
  readonly createdAt: string;
  readonly id: string;
}

interface TaskBookmarks {
  /** The bookmarks are valid only while the list of jobs has this version. */
  readonly version: string;
  /** Sorted by offset. */
  bookmarks: Bookmark[];
}

/** Takes about 4 MB of memory. */
const MAX_BOOKMARKS = 20_000;
/** Enough for a walk of 500,000 jobs with 100 on each page. */
const MAX_BOOKMARKS_OF_A_TASK = 5000;

/** The first and last jobs of served pages, so that later pages begin there. Each process has its own bookmarks. */
export class Bookmarks {
  /** The least recently used task comes first. */
  readonly #tasks = new Map<string, TaskBookmarks>();
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** The last bookmark at or before the offset. */
  find(taskId: string, offset: number): (Bookmark & { readonly version: string }) | null {
    const task = this.#tasks.get(taskId);
    const bookmark = task?.bookmarks[countUpTo(task.bookmarks, offset) - 1];
    return task === undefined || bookmark === undefined ? null : { ...bookmark, version: task.version };
  }

  /** Adds the ends of a page that begins at the offset. Bookmarks of the task with another version are dropped. */
  add(
    taskId: string,
    version: string,
    { offset, jobs }: { readonly offset: number; readonly jobs: readonly Pick<JobRecord, "id" | "createdAt">[] },
  ): void {
    const [first] = jobs;
    const last = jobs.at(-1);
    if (first === undefined || last === undefined) return;
    let task = this.#tasks.get(taskId);
    this.#delete(taskId);
    if (task?.version !== version) task = { version, bookmarks: [] };
    // The last job of the page before is as good as the first job of this page.
    if (!hasBookmarkAt(task.bookmarks, offset - 1)) insert(task.bookmarks, offset, first);
    insert(task.bookmarks, offset + jobs.length - 1, last);
    if (task.bookmarks.length > MAX_BOOKMARKS_OF_A_TASK) {
      task.bookmarks = task.bookmarks.filter((_, index) => index % 2 === 1);
    }
    this.#tasks.set(taskId, task);
    this.#count += task.bookmarks.length;
    for (const oldest of this.#tasks.keys()) {
      if (this.#count <= MAX_BOOKMARKS) break;
      this.#delete(oldest);
    }
  }

  #delete(taskId: string): void {
    this.#count -= this.#tasks.get(taskId)?.bookmarks.length ?? 0;
    this.#tasks.delete(taskId);
  }
}

function insert(bookmarks: Bookmark[], offset: number, { id, createdAt }: Pick<JobRecord, "id" | "createdAt">): void {
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
