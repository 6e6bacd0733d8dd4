import { sql } from "drizzle-orm";
import type { Viewer } from "../auth/viewer.ts";
import type { Stretch } from "../connection.ts";
import type { OpenDatabase } from "../db/client.ts";
import { prepareRows, queryRows, type Row } from "../db/prepare-rows.ts";
import { textArray } from "../db/text-array.ts";
import type { Deadline } from "../deadline.ts";
import type { TaskRecord } from "./task.ts";
import type { TaskFilter } from "./task-filter.ts";

const value = sql.placeholder;

/** With the access rule: what is missing, deleted or somebody else's is not among them. */
const VISIBLE_TASKS = sql`
  select id, user_id, source, created_at, updated_at from tasks
  where id = any(${value("ids")}::uuid[]) and deleted_at is null
    and (${value("isAdmin")}::boolean or user_id = ${value("userId")})`;

export interface TaskSearch extends Stretch {
  readonly viewer: Viewer;
  readonly filter: TaskFilter;
  readonly offset: number;
  readonly withCount: boolean;
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
    async findVisibleTasks(search: TaskSearch): Promise<{ tasks: TaskRecord[]; count: number }> {
      const { viewer, filter, after, before, backwards, limit, offset, withCount, deadline } = search;
      const isVisible = sql.join(
        [
          sql`deleted_at is null`,
          viewer.isAdmin ? sql`true` : sql`user_id = ${viewer.userId}`,
          ...(filter.userId ? [sql`user_id = ${filter.userId}`] : []),
          ...(filter.source ? [sql`source = any(${textArray(filter.source)}::text[])`] : []),
          ...(filter.createdFrom ? [sql`created_at >= ${filter.createdFrom}::timestamptz`] : []),
          ...(filter.createdTo ? [sql`created_at < ${filter.createdTo}::timestamptz`] : []),
        ],
        sql` and `,
      );
      const isAfter = after ? sql`and (created_at, id) < (${after.at}::timestamptz, ${after.id}::uuid)` : sql``;
      const isBefore = before ? sql`and (created_at, id) > (${before.at}::timestamptz, ${before.id}::uuid)` : sql``;
      const direction = backwards ? sql`asc` : sql`desc`;
      const count = withCount ? sql`(select count(*) from tasks where ${isVisible})` : sql`0`;
      const rows = await queryRows(
        database.searches,
        sql`select found.*, counted.count from (select ${count} as count) counted left join (
              select id, user_id, source, created_at, updated_at from tasks
              where ${isVisible} ${isAfter} ${isBefore}
              order by created_at ${direction}, id ${direction} limit ${limit} offset ${offset}
            ) found on true order by created_at desc, id desc`,
        deadline,
      );
      const tasks = rows.filter((row) => row[0] !== null).map(taskOfRow);
      return { tasks, count: Number(rows[0]?.[5] ?? 0) };
    },
  };
}

function taskOfRow(row: Row): TaskRecord {
  return {
    id: row[0] as string,
    userId: row[1] as string | null,
    source: row[2] as string | null,
    createdAt: row[3] as string,
    updatedAt: row[4] as string,
  };
}
