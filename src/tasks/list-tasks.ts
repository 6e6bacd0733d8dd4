import type { Audit } from "../auth/audit.ts";
import { type ConnectionArguments, type ConnectionPage, pageOfRows, readPageRange } from "../paging/connection.ts";
import type { CursorScope } from "../paging/cursor.ts";
import { canonicalFilter, faultsOfFilter } from "../paging/filter.ts";
import type { TaskQueries, TaskSearch } from "./task.queries.ts";
import type { TaskRecord } from "./task.ts";
import type { TaskFilter } from "./task-filter.ts";

type Asked = Pick<TaskSearch, "viewer" | "filter" | "parts" | "deadline">;

/** The tasks this viewer may see, newest first. */
export async function listTasks(
  queries: TaskQueries,
  asked: Asked,
  page: ConnectionArguments,
  audit: Audit,
): Promise<ConnectionPage<TaskRecord>> {
  const scope = taskCursorScope(asked.filter);
  const range = readPageRange(scope, page, faultsOfFilter(asked.filter));
  const found = await queries.findVisibleTasks({ ...asked, ...range, limit: range.size + 1 });
  const positionOf = (task: TaskRecord) => ({ at: task.createdAt, id: task.id });
  const tasks = pageOfRows(found, range, { scope, positionOf });
  if (asked.viewer.isAdmin) for (const { node } of tasks.edges) audit("admin_read", node.id);
  return tasks;
}

export function taskCursorScope(filter: TaskFilter): CursorScope {
  return ["tasks", canonicalFilter(filter)];
}
