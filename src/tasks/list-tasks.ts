import type { Viewer } from "../auth/viewer.ts";
import { type ConnectionArguments, type ConnectionPage, pageOfRows, stretchOf } from "../connection.ts";
import type { Deadline } from "../deadline.ts";
import { Failure } from "../errors.ts";
import { canonicalFilter, faultsOfFilter } from "../filter.ts";
import { faultsOfOffset } from "../page.ts";
import type { TaskQueries } from "./task.queries.ts";
import type { TaskRecord } from "./task.ts";
import type { TaskFilter } from "./task-filter.ts";

export interface TaskConnection extends ConnectionPage<TaskRecord> {
  /** Zero where it was not asked for. */
  readonly count: number;
}

interface Asked {
  readonly viewer: Viewer;
  readonly filter: TaskFilter;
  readonly offset: number;
  readonly withCount: boolean;
  readonly deadline: Deadline;
}

/** The tasks this viewer may see, newest first. */
export async function listTasks(
  queries: TaskQueries,
  asked: Asked,
  page: ConnectionArguments,
): Promise<TaskConnection> {
  const faults = [...faultsOfOffset(asked.offset), ...faultsOfFilter(asked.filter)];
  if (faults.length > 0) throw Failure.ofFields(faults);
  const scope = ["tasks", canonicalFilter(asked.filter)];
  const stretch = stretchOf(scope, page);
  const { tasks, count } = await queries.findVisibleTasks({ ...asked, ...stretch });
  return { ...pageOfRows(scope, stretch, tasks, (task) => ({ at: task.createdAt, id: task.id })), count };
}
