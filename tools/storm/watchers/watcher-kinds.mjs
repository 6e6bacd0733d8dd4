import { changeOfJob, STATUSES, taskId } from "./watched-world.mjs";

/** Small, so that a batch of changes has several pages. */
const FIRST = 20;
const CHANGES = `subscription ($id: UUID!, $after: String, $filter: TaskJobFilter) {
  taskJobChanges(taskId: $id, after: $after, first: ${FIRST}, filter: $filter) {
    nodes { id taskId emailAddress status } pageInfo { endCursor }
  }
}`;
const PROGRESS = `subscription ($id: UUID!) {
  taskProgress(taskId: $id) { total ${STATUSES.join(" ")} isComplete }
}`;

/**
 * The ways to watch a task. `request` resumes after a cursor, and `read` returns what an event contains. With `statuses` only
 * jobs with these statuses are delivered.
 */
export const WATCHER_KINDS = {
  changes: {
    seesJobs: true,
    request: ({ task, statuses, cursor }) =>
      post(CHANGES, {
        id: taskId(task),
        after: cursor,
        filter: statuses && { status: statuses.map((status) => status.toUpperCase()) },
      }),
    read: ({ event, data }) =>
      readResult(event, data, ({ taskJobChanges: { nodes, pageInfo } }) => ({
        jobs: nodes.map(changeOfJob),
        cursor: pageInfo.endCursor,
      })),
  },
  progress: {
    seesProgress: true,
    completes: true,
    request: ({ task }) => post(PROGRESS, { id: taskId(task) }),
    read: ({ event, data }) => readResult(event, data, ({ taskProgress: { isComplete, ...counts } }) => ({ counts })),
  },
  rest: {
    seesJobs: true,
    // The counts of a filter are not those of the task.
    seesProgress: true,
    completes: true,
    request: ({ task, statuses, cursor }) => ({
      method: "GET",
      path: `/api/v1/tasks/${taskId(task)}/events?${(statuses ?? []).map((status) => `status=${status}`).join("&")}`,
      headers: cursor === null ? {} : { "Last-Event-ID": cursor },
    }),
    read({ event, data, id }) {
      if (event === "complete") return { isComplete: true };
      const body = JSON.parse(data);
      if (event === "progress") return { counts: { total: body.total_email_addresses, ...body.job_status } };
      if (event !== "job") return { failure: body.error?.code ?? event };
      const { id: jobId, task_id, email_address, status } = body;
      return {
        jobs: [changeOfJob({ id: jobId, taskId: task_id, emailAddress: email_address, status })],
        cursor: id,
      };
    },
  },
};

function readResult(event, data, read) {
  if (event === "complete") return { isComplete: true };
  const result = JSON.parse(data);
  return result.errors === undefined
    ? read(result.data)
    : { failure: result.errors[0].extensions?.code ?? result.errors[0].message };
}

function post(query, variables) {
  return {
    method: "POST",
    path: "/graphql",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ query, variables }),
  };
}
