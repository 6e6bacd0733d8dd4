import { exportLines, graphqlData, restBody, taskId } from "./growing-data.mjs";

const DOCUMENT = `query Page($taskId: UUID!, $limit: Int!, $offset: Int!) {
  taskJobs(taskId: $taskId, limit: $limit, offset: $offset) { count jobs { emailAddress email { status } } }
}`;

const path = ({ task, limit, offset }) => `/api/v1/tasks/${taskId(task)}/jobs?limit=${limit}&offset=${offset}`;
const firstNumber = (text, pattern) => Number(pattern.exec(text)?.[1] ?? Number.NaN);

const stateOf = (count, version) => ({ atLeast: count, atMost: count, version });

/**
 * Describes how to request a part of a task, and how to find the state of the database in the response: bounds of the number of jobs
 * and the version of the email record, if there is one. Null if the response matches no state.
 */
export const GROWING_ENDPOINTS = {
  rest: {
    request: (page) => ({ method: "GET", path: path(page) }),
    readState(text, page) {
      const count = firstNumber(text, /"count":(\d+),"limit"/);
      const version = firstNumber(text, /"status":"v(\d+)"/) || count;
      return text === restBody(count, version, page) ? stateOf(count, version) : null;
    },
  },
  filtered: {
    request: (page) => ({ method: "GET", path: `${path(page)}&status=completed` }),
    readState(text, page) {
      const matching = firstNumber(text, /"count":(\d+),"limit"/);
      // Every second job is completed, so the page is the same for two numbers of jobs.
      const [atLeast, atMost] = [2 * matching, 2 * matching + 1];
      const version = firstNumber(text, /"status":"v(\d+)"/) || null;
      const isRight = text === restBody(atMost, version, { ...page, status: "completed" });
      return isRight ? { atLeast, atMost, version } : null;
    },
  },
  graphql: {
    request: ({ task, limit, offset }) => ({
      method: "POST",
      path: "/graphql",
      headers: { "Content-Type": "application/json", Accept: "application/json" },
      body: JSON.stringify({ query: DOCUMENT, variables: { taskId: taskId(task), limit, offset } }),
    }),
    readState(text, page) {
      const { data, errors } = JSON.parse(text);
      const count = data?.taskJobs.count ?? 0;
      const version = firstNumber(text, /"status":"v(\d+)"/) || count;
      const isRight = errors === undefined && JSON.stringify(data) === graphqlData(count, version, page);
      return isRight ? stateOf(count, version) : null;
    },
  },
  progress: {
    request: ({ task }) => ({ method: "GET", path: `/api/v1/tasks/${taskId(task)}` }),
    /** Without a token, the progress is shared for a second. */
    sharedMs: 1000,
    readState(text) {
      const { total_email_addresses: count, job_status: status } = JSON.parse(text).metrics ?? {};
      const isRight = status?.completed === Math.floor(count / 2) && status.pending === Math.ceil(count / 2);
      return isRight ? stateOf(count, count) : null;
    },
  },
  export: {
    request: ({ task }) => ({ method: "GET", path: `/api/v1/tasks/${taskId(task)}/jobs/export` }),
    readState(text, page) {
      const lines = text
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line));
      const found = lines.map(({ email_address: address, email }) => `${address} ${email?.status}`);
      const count = lines.length;
      // One snapshot, so that the version of the email record is that of the newest job.
      return found.join() === exportLines(count, count, page).join() ? stateOf(count, count) : null;
    },
  },
};
