import { type SQL, sql } from "drizzle-orm";
import type { Viewer } from "../auth/viewer.ts";
import type { OpenDatabase } from "../db/client.ts";
import { prepareRows, queryRows, type Row } from "../db/prepare-rows.ts";
import { textArray } from "../db/text-array.ts";
import type { Stretch } from "../paging/connection.ts";
import { allOf, between, ifGiven } from "../paging/keyset.queries.ts";
import type { Deadline } from "../values/deadline.ts";
import { shortened } from "../values/text-limit.ts";
import type { TaskRecord } from "./task.ts";
import type { TaskFilter } from "./task-filter.ts";

const value = sql.placeholder;

/** With the access rule: what is missing, deleted or somebody else's is not among them. */
const VISIBLE_TASKS = sql`
  select id, user_id, source, created_at, updated_at from public.tasks
  where id = any(${value("ids")}::uuid[]) and deleted_at is null
    and (${value("isAdmin")}::boolean or user_id = ${value("userId")})`;

export interface TaskSearch extends Omit<Stretch, "size"> {
  readonly viewer: Viewer;
  readonly filter: TaskFilter;
  readonly limit: number;
  /** What is not wanted is not read. */
  readonly parts: { readonly tasks: boolean; readonly count: boolean };
  readonly deadline: Deadline;
}

export type TaskQueries = ReturnType<typeof taskQueries>;

export function taskQueries(database: OpenDatabase) {
  const findByIds = prepareRows(database, VISIBLE_TASKS);
  return {
    /** In no particular order; what this viewer may not see is left out. */
    async findVisibleTasksByIds(viewer: Viewer, ids: readonly string[], deadline: Deadline): Promise<TaskRecord[]> {
      return (await findByIds({ ids: `{${ids.join(",")}}`, ...viewer }, deadline)).map(taskOfRow);
    },

    /** Newest first, or the last ones with `backwards`; always in that order. */
    async findVisibleTasks(search: TaskSearch): Promise<{ rows: TaskRecord[]; count: number }> {
      const { parts, backwards, limit, offset, deadline } = search;
      const matching = conditionsOf(search);
      const stretch = between(search, { moment: sql`created_at`, id: sql`id`, isDescending: true });
      // PostgreSQL checks this once: an offset behind the last task that was counted walks no index. `offset 0` keeps it from
      // counting twice.
      const beforeTheEnd = parts.count && offset > 0 ? [sql`${offset}::bigint < counted.count`] : [];
      const direction = backwards ? sql`asc` : sql`desc`;
      const count = parts.count ? sql`(select count(*) from public.tasks where ${allOf(matching)})` : sql`0`;
      const rows = await queryRows(
        database.searches,
        sql`select found.*, counted.count from (select ${count} as count offset 0) counted left join lateral (
              select id, user_id, source, created_at, updated_at from public.tasks
              where ${allOf([...matching, ...stretch, ...beforeTheEnd])}
              order by created_at ${direction}, id ${direction} limit ${parts.tasks ? limit : 0} offset ${offset}
            ) found on true order by created_at desc, id desc`,
        deadline,
      );
      const tasks = rows.filter((row) => row[0] !== null).map(taskOfRow);
      return { rows: tasks, count: Number(rows[0]?.[5] ?? 0) };
    },
  };
}

function conditionsOf({ viewer, filter }: TaskSearch): SQL[] {
  return [
    sql`deleted_at is null`,
    ...ifGiven(viewer.isAdmin ? null : viewer.userId, (userId) => sql`user_id = ${userId}`),
    ...ifGiven(filter.userId, (userId) => sql`user_id = ${userId}`),
    ...ifGiven(filter.source, (words) => sql`source = any(${textArray(words)}::text[])`),
    ...ifGiven(filter.createdFrom, (from) => sql`created_at >= ${from}::timestamptz`),
    ...ifGiven(filter.createdTo, (to) => sql`created_at < ${to}::timestamptz`),
  ];
}

function taskOfRow(row: Row): TaskRecord {
  return {
    id: row[0] as string,
    userId: row[1] as string | null,
    source: shortened(row[2] as string | null),
    createdAt: row[3] as string,
    updatedAt: row[4] as string,
  };
}
