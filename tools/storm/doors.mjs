import { pageOf, sizeOf, taskId } from "./world.mjs";

const DOCUMENT = `query Page($taskId: UUID!, $limit: Int!, $offset: Int!) {
  taskJobs(taskId: $taskId, limit: $limit, offset: $offset) {
    count limit offset
    jobs { id taskId emailAddress status email { id email status domainName } createdAt updatedAt }
  }
}`;

/** How a page is asked for, and what the answer must be to the last byte where the asker may see it. */
export const DOORS = {
  rest: {
    ask: ({ owner, task, limit, offset }) => ({
      method: "GET",
      path: `/api/v1/tasks/${taskId(owner, task)}/jobs?limit=${limit}&offset=${offset}`,
    }),
    notFoundStatus: 404,
    answer({ owner, task, limit, offset }) {
      const jobs = pageOf(owner, task, limit, offset).map((job) => ({
        id: job.id,
        task_id: job.taskId,
        email_address: job.emailAddress,
        status: job.status,
        ...(job.email === null ? {} : { email: restEmail(job.email) }),
        created_at: job.createdAt,
        updated_at: job.updatedAt,
      }));
      return JSON.stringify({ jobs, count: sizeOf(task), limit, offset });
    },
  },
  graphql: {
    ask: ({ owner, task, limit, offset }) => ({
      method: "POST",
      path: "/graphql",
      headers: { "Content-Type": "application/json", Accept: "application/json" },
      body: JSON.stringify({ query: DOCUMENT, variables: { taskId: taskId(owner, task), limit, offset } }),
    }),
    notFoundStatus: 200,
    answer({ owner, task, limit, offset }) {
      const jobs = pageOf(owner, task, limit, offset).map((job) => ({ ...job, status: job.status.toUpperCase() }));
      return JSON.stringify({ taskJobs: { count: sizeOf(task), limit, offset, jobs } });
    },
  },
};

function restEmail({ id, email, status, domainName }) {
  return {
    id,
    email,
    status,
    is_role_based: false,
    is_disposable: false,
    has_mx_records: false,
    has_reverse_dns: false,
    domain_name: domainName,
    host_name: null,
    server_type: null,
    is_catchall: false,
    validated_at: null,
    unknown_reason: null,
    needs_physical_verify: false,
  };
}
