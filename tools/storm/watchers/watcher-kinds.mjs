import { openEventStream } from "./event-stream.mjs";
import { openSocketStream } from "./socket-stream.mjs";
import { changeOfJob, STATUSES, taskId } from "./watched-data.mjs";

/** Small, so that a batch of changes has several pages. */
const FIRST = 20;
const CHANGES_DOCUMENT = `subscription ($id: UUID!, $after: String, $filter: TaskJobFilter) {
  taskJobChanges(taskId: $id, after: $after, first: ${FIRST}, filter: $filter) {
    nodes { id taskId emailAddress status } pageInfo { endCursor }
  }
}`;
const PROGRESS_DOCUMENT = `subscription ($id: UUID!) {
  taskProgress(taskId: $id) { total ${STATUSES.join(" ")} isComplete }
}`;

const CHANGES = {
  seesJobs: true,
  operation: ({ task, statuses, cursor }) => ({
    query: CHANGES_DOCUMENT,
    variables: {
      ...{ id: taskId(task), after: cursor },
      filter: statuses && { status: statuses.map((status) => status.toUpperCase()) },
    },
  }),
  read: (event) =>
    readResult(event, ({ taskJobChanges: { nodes, pageInfo } }) => ({
      jobs: nodes.map(changeOfJob),
      cursor: pageInfo.endCursor,
    })),
};

const PROGRESS = {
  seesProgress: true,
  completes: true,
  operation: ({ task }) => ({ query: PROGRESS_DOCUMENT, variables: { id: taskId(task) } }),
  read: (event) => readResult(event, ({ taskProgress: { isComplete, ...counts } }) => ({ counts })),
};

/**
 * The ways to watch a task. `connect` resumes after a cursor, and `read` returns what an event contains. With `statuses` only
 * jobs with these statuses are delivered.
 */
export const WATCHER_KINDS = {
  changes: bySse(CHANGES),
  progress: bySse(PROGRESS),
  "socket changes": bySocket(CHANGES),
  "socket progress": bySocket(PROGRESS),
  rest: {
    seesJobs: true,
    // The counts of a filter are not those of the task.
    seesProgress: true,
    completes: true,
    connect: (server, { task, statuses, cursor }, listener) => {
      const parameters = (statuses ?? []).map((status) => `status=${status}`).join("&");
      const path = `/api/v1/tasks/${taskId(task)}/events?${parameters}`;
      const headers = cursor === null ? {} : { "Last-Event-ID": cursor };
      return openEventStream(server, { method: "GET", path, headers }, listener);
    },
    read({ event, data, id }) {
      if (event === "complete") return { isComplete: true };
      if (event === "progress") return { counts: { total: data.total_email_addresses, ...data.job_status } };
      if (event !== "job") return { failure: data.error?.code ?? event };
      const { id: jobId, task_id, email_address, status } = data;
      return {
        jobs: [changeOfJob({ id: jobId, taskId: task_id, emailAddress: email_address, status })],
        cursor: id,
      };
    },
  },
};

function readResult({ event, data }, read) {
  if (event === "complete") return { isComplete: true };
  return data.errors === undefined
    ? read(data.data)
    : { failure: data.errors[0].extensions?.code ?? data.errors[0].message };
}

function bySse({ operation, ...kind }) {
  const headers = { "Content-Type": "application/json" };
  return {
    ...kind,
    connect: (server, target, listener) =>
      openEventStream(
        server,
        { method: "POST", path: "/graphql", headers, body: JSON.stringify(operation(target)) },
        listener,
      ),
  };
}

function bySocket({ operation, ...kind }) {
  return {
    ...kind,
    connect: (server, target, listener) => openSocketStream(server, operation(target), listener),
  };
}
