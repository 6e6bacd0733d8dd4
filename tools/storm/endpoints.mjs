import { countOf, filteredPageOf, pageOf, sizeOf, taskId } from "./data.mjs";
import { restEmail } from "./rest-email.mjs";

const JOB_FIELDS = "id taskId emailAddress status email { id email status domainName } createdAt updatedAt";

const DOCUMENT = `query Page($taskId: UUID!, $limit: Int!, $offset: Int!) {
  taskJobs(taskId: $taskId, limit: $limit, offset: $offset) {
    count limit offset
    jobs { ${JOB_FIELDS} }
  }
}`;

/** The first page only, because a cursor would come from a response that a fault may prevent. */
const CONNECTION = `query Connection($taskId: UUID!, $limit: Int!) {
  task(id: $taskId) {
    jobs(first: $limit, orderBy: CREATED_AT_DESC, filter: { status: [COMPLETED] }) {
      totalCount
      nodes { ${JOB_FIELDS} }
      pageInfo { hasNextPage }
    }
  }
}`;

/** How to request a page, and the exact body of the response for the owner of the task. */
export const ENDPOINTS = {
  rest: {
    request: ({ owner, task, limit, offset }) => ({
      method: "GET",
      path: `/api/v1/tasks/${taskId(owner, task)}/jobs?limit=${limit}&offset=${offset}`,
    }),
    notFoundStatus: 404,
    expectedBody({ owner, task, limit, offset }) {
      const jobs = pageOf({ owner, task, limit, offset }).map(restJob);
      return JSON.stringify({ jobs, count: sizeOf(task), limit, offset });
    },
  },
  filtered: {
    request: ({ owner, task, limit, offset }) => ({
      method: "GET",
      path: `/api/v1/tasks/${taskId(owner, task)}/jobs?limit=${limit}&offset=${offset}&status=failed`,
    }),
    notFoundStatus: 404,
    expectedBody({ owner, task, limit, offset }) {
      const jobs = filteredPageOf({ owner, task, limit, offset }, "failed").map(restJob);
      return JSON.stringify({ jobs, count: countOf(task, "failed"), limit, offset });
    },
  },
  graphql: {
    request: ({ owner, task, limit, offset }) => post(DOCUMENT, { taskId: taskId(owner, task), limit, offset }),
    notFoundStatus: 200,
    expectedBody({ owner, task, limit, offset }) {
      const jobs = pageOf({ owner, task, limit, offset }).map(graphqlJob);
      return JSON.stringify({ taskJobs: { count: sizeOf(task), limit, offset, jobs } });
    },
  },
  connection: {
    request: ({ owner, task, limit }) => post(CONNECTION, { taskId: taskId(owner, task), limit }),
    notFoundStatus: 200,
    expectedBody({ owner, task, limit }) {
      const nodes = filteredPageOf({ owner, task, limit, offset: 0 }, "completed").map(graphqlJob);
      const totalCount = countOf(task, "completed");
      return JSON.stringify({ task: { jobs: { totalCount, nodes, pageInfo: { hasNextPage: totalCount > limit } } } });
    },
  },
};

function post(query, variables) {
  return {
    method: "POST",
    path: "/graphql",
    headers: { "Content-Type": "application/json", Accept: "application/json" },
    body: JSON.stringify({ query, variables }),
  };
}

const graphqlJob = (job) => ({ ...job, status: job.status.toUpperCase() });

function restJob(job) {
  return {
    id: job.id,
    task_id: job.taskId,
    email_address: job.emailAddress,
    status: job.status,
    ...(job.email === null ? {} : { email: restEmail(job.email) }),
    created_at: job.createdAt,
    updated_at: job.updatedAt,
  };
}
