import type { Audit } from "../auth/audit.ts";
import type { Viewer } from "../auth/viewer.ts";
import { type ConnectionArguments, type ConnectionPage, pageOfRows, readPageRange } from "../paging/connection.ts";
import type { CursorScope } from "../paging/cursor.ts";
import { canonicalFilter, faultsOfFilter } from "../paging/filter.ts";
import type { Deadline } from "../values/deadline.ts";
import type { TaskFilter, TaskQueries, TaskRecord, TaskSearch } from "./task.queries.ts";

/** The parts of the request context that this file needs. */
interface Context {
  readonly tasks: TaskQueries;
  readonly viewer: Viewer;
  readonly deadline: Deadline;
  readonly audit: Audit;
}

interface TasksRequest extends Pick<TaskSearch, "filter" | "select"> {
  readonly page: ConnectionArguments;
}

/** Returns a page of the tasks that the viewer may read, newest first. */
export async function listTasks(context: Context, request: TasksRequest): Promise<ConnectionPage<TaskRecord>> {
  const { viewer, deadline, audit } = context;
  const { filter, select, page } = request;
  const scope = taskCursorScope(filter);
  const range = readPageRange(scope, page, faultsOfFilter(filter));
  const search = { viewer, deadline, filter, select, ...range, limit: range.size + 1 };
  const found = await context.tasks.findVisibleTasks(search);
  const positionOf = (task: TaskRecord) => ({ at: task.createdAt, id: task.id });
  const tasks = pageOfRows(found, range, { scope, positionOf });
  if (viewer.isAdmin) for (const { node } of tasks.edges) audit("admin_read", node.id);
  return tasks;
}

export function taskCursorScope(filter: TaskFilter): CursorScope {
  return ["tasks", canonicalFilter(filter)];
}
