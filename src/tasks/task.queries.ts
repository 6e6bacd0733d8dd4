import { type SQL, sql } from "drizzle-orm";
import type { Viewer } from "../auth/viewer.ts";
import { isVisibleTask, VIEWER_PLACEHOLDERS } from "../auth/visible-task.queries.ts";
import { columnsOf } from "../db/columns.ts";
import { prepareRows, queryRows, type Row } from "../db/reads/prepare-rows.ts";
import type { Pool, Reads } from "../db/reads/reads.ts";
import { tasks } from "../db/schema.ts";
import type { PageRange } from "../paging/connection.ts";
import { allOf, between, ifGiven } from "../paging/keyset.queries.ts";
import { textArray, uuidArray } from "../values/array-literal.ts";
import type { Deadline } from "../values/deadline.ts";
import { shortened } from "../values/text-limit.ts";

const value = sql.placeholder;

const TASK_COLUMNS = columnsOf(tasks, ["id", "userId", "source", "createdAt", "updatedAt"]);

/** One row of `tasks`. Timestamps are in the text format of PostgreSQL. */
export type TaskRecord = Readonly<ReturnType<typeof TASK_COLUMNS.read>>;

/** The fields combine with AND. A field that is absent or null matches all tasks. */
export interface TaskFilter {
  readonly userId?: string | null;
  readonly source?: readonly string[] | null;
  readonly createdFrom?: string | null;
  readonly createdTo?: string | null;
}

const visibleTasksWhere = (hasId: SQL) => sql`
  select ${TASK_COLUMNS.sql} from public.tasks task where ${hasId} and ${isVisibleTask(VIEWER_PLACEHOLDERS)}`;

export interface TaskSearch extends Omit<PageRange, "size"> {
  readonly viewer: Viewer;
  readonly filter: TaskFilter;
  readonly limit: number;
  /** Only the selected parts are read. */
  readonly select: { readonly tasks: boolean; readonly count: boolean };
  readonly deadline: Deadline;
}

interface FoundTasks {
  readonly rows: TaskRecord[];
  readonly count: number;
}

export type TaskQueries = ReturnType<typeof taskQueries>;

export function taskQueries(database: Reads) {
  const findById = prepareRows(database, visibleTasksWhere(sql`id = ${value("id")}`));
  const findByIds = prepareRows(database, visibleTasksWhere(sql`id = any(${value("ids")}::uuid[])`));
  return {
    /** Returns the tasks that the viewer may read, in any order. */
    async findVisibleTasksByIds(viewer: Viewer, ids: readonly string[], deadline: Deadline): Promise<TaskRecord[]> {
      const [id] = ids;
      const scope = { tasks: ids, ...viewer };
      const found =
        ids.length === 1
          ? findById({ id, ...scope }, deadline)
          : findByIds({ ids: uuidArray(ids), ...scope }, deadline);
      return (await found).map((row) => readTask(row, 0));
    },

    /** Returns tasks in descending order of creation. With `backwards` the limit and the offset count from the oldest task. */
    async findVisibleTasks(search: TaskSearch): Promise<FoundTasks> {
      if (database.searches.isDistributed()) return await findOnAllShards(database.searches, search);
      const { select, offset, deadline } = search;
      const matching = conditionsOf(search);
      // PostgreSQL evaluates this condition once, so that an offset past the end reads no index. `offset 0` below keeps the
      // planner from counting twice.
      const offsetInRange = select.count && offset > 0 ? [sql`${offset}::bigint < counted.count`] : [];
      const count = select.count ? sql`(select count(*) from public.tasks task where ${allOf(matching)})` : sql`0`;
      const rows = await queryRows(
        database.searches,
        sql`select counted.count, found.* from (select ${count} as count offset 0) counted left join lateral (
              ${pageOf(search, [...matching, ...offsetInRange])}
            ) found on true order by created_at desc, id desc`,
        { tasks: "all", deadline },
      );
      const found = rows.filter((row) => row[1] !== null);
      return { rows: found.map((row) => readTask(row, 1)), count: Number(rows[0]?.[0]) };
    },
  };
}

/**
 * Counts and lists in two statements, because Citus runs the two parts of one statement as several rounds of all shards
 * (`docs/scaling.md`). They run one after another, because a request holds one connection.
 */
async function findOnAllShards(searches: Pool, search: TaskSearch): Promise<FoundTasks> {
  const { select, offset, deadline } = search;
  const matching = conditionsOf(search);
  const read = (statement: SQL) => queryRows(searches, statement, { tasks: "all", deadline });
  const counted = select.count ? await read(sql`select count(*) from public.tasks task where ${allOf(matching)}`) : [];
  const count = Number(counted[0]?.[0] ?? 0);
  if (!select.tasks || (select.count && offset >= count)) return { rows: [], count };
  const rows = await read(pageOf(search, matching));
  const tasks = rows.map((row) => readTask(row, 0));
  return { rows: search.backwards ? tasks.reverse() : tasks, count };
}

/** The tasks of the page, in the direction in which the limit and the offset count. */
function pageOf(search: TaskSearch, conditions: readonly SQL[]): SQL {
  const { select, backwards, limit, offset } = search;
  const range = between(search, { timestamp: sql`created_at`, id: sql`id`, isDescending: true });
  const direction = backwards ? sql`asc` : sql`desc`;
  return sql`
    select ${TASK_COLUMNS.sql} from public.tasks task where ${allOf([...conditions, ...range])}
    order by created_at ${direction}, id ${direction} limit ${select.tasks ? limit : 0} offset ${offset}`;
}

function conditionsOf({ viewer, filter }: TaskSearch): SQL[] {
  return [
    isVisibleTask(viewer),
    ...ifGiven(filter.userId, (userId) => sql`user_id = ${userId}`),
    ...ifGiven(filter.source, (words) => sql`source = any(${textArray(words)}::text[])`),
    ...ifGiven(filter.createdFrom, (from) => sql`created_at >= ${from}::timestamptz`),
    ...ifGiven(filter.createdTo, (to) => sql`created_at < ${to}::timestamptz`),
  ];
}

function readTask(row: Row, start: number): TaskRecord {
  const task = TASK_COLUMNS.read(row, start);
  return Object.assign(task, { source: shortened(task.source) });
}
