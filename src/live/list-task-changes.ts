import type { Viewer } from "../auth/viewer.ts";
import { taskNotFound } from "../errors.ts";
import type { JobRecord } from "../job-search/job-record.ts";
import { type ConnectionPage, Edge } from "../paging/connection.ts";
import type { Deadline } from "../values/deadline.ts";
import { type ChangeList, type ChangeState, cursorOfState } from "./change-cursor.ts";
import { type ChangedJob, changeKey, isWrittenSince, type TaskChangeQueries } from "./task-change.queries.ts";
import type { Horizon } from "./watched-task.queries.ts";

/** While a transaction runs for long, the changes since its start are remembered. Beyond this number they are delivered again. */
const MAX_KNOWN = 5000;

/** The parts of the request context that this file needs. */
interface Context {
  readonly taskChanges: TaskChangeQueries;
  readonly viewer: Viewer;
  readonly deadline: Deadline;
}

interface ChangeRequest extends ChangeList {
  readonly state: ChangeState;
  readonly size: number;
  /** A horizon of this task that all its readers share, or null to use the one of the reading. */
  readonly horizon: Horizon | null;
}

interface ChangePage {
  readonly page: Omit<ConnectionPage<JobRecord>, "count">;
  /** The state after the page. */
  readonly state: ChangeState;
}

/** Returns the next page of changes, which may be empty. */
export async function listTaskChanges(context: Context, request: ChangeRequest): Promise<ChangePage> {
  const { taskId, filter, state, size, horizon } = request;
  const { viewer, deadline } = context;
  const { since, after, known } = state;
  const search = { viewer, deadline, taskId, filter, since, after, next: state.next, known, limit: size + 1 };
  const found = await context.taskChanges.findChanges(search);
  if (found === null) throw taskNotFound();

  const changes = found.changes.slice(0, size);
  const hasMore = found.changes.length > size;
  const next = state.next ?? horizon ?? found.horizon;
  const remembered = rememberedChanges(state, changes, hasMore ? null : next);
  const end: ChangeState = { since: next, after: null, next: null, known: remembered };
  const afterJob = ({ job }: ChangedJob): ChangeState => ({
    since,
    after: { at: job.updatedAt, id: job.id },
    next,
    known: remembered,
  });
  const last = changes.at(-1);
  const stateAfter = (change: ChangedJob) => (change === last && !hasMore ? end : afterJob(change));
  return {
    page: {
      edges: changes.map((change) => new Edge(change.job, () => cursorOfState(request, stateAfter(change)))),
      hasNextPage: hasMore,
      hasPreviousPage: after !== null || since !== null,
    },
    state: last === undefined ? end : stateAfter(last),
  };
}

/** With the horizon of the next batch, only the changes that this batch would find again. */
function rememberedChanges({ known }: ChangeState, delivered: readonly ChangedJob[], horizon: Horizon | null) {
  const keys = [...known, ...delivered.map(({ job, writtenBy }) => changeKey(job.id, writtenBy))];
  const needed =
    horizon === null ? keys : keys.filter((key) => isWrittenSince(key.slice(key.indexOf(" ") + 1), horizon));
  return new Set(needed.slice(-MAX_KNOWN));
}
