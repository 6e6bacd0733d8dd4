import { Client, fetchExchange, gql, type TypedDocumentNode } from "@urql/core";
import { key, taskId, url } from "./settings.ts";

interface JobsData {
  readonly taskJobs: {
    readonly count: number;
    readonly jobs: readonly { readonly id: string; readonly email: { readonly status: string } | null }[];
  };
}

const RISKY_JOBS: TypedDocumentNode<JobsData, { taskId: string }> = gql`
  query RiskyJobs($taskId: UUID!) {
    taskJobs(taskId: $taskId, limit: 3, filter: { deliverability: [RISKY] }) {
      count
      jobs {
        id
        email {
          status
        }
      }
    }
  }
`;

const client = new Client({
  url: `${url}/graphql`,
  exchanges: [fetchExchange],
  fetchOptions: { headers: { Authorization: `Bearer ${key}` } },
});

const { data, error } = await client.query(RISKY_JOBS, { taskId });
if (error !== undefined) throw error;
console.log(`${data?.taskJobs.count} jobs are risky. The newest:`);
for (const job of data?.taskJobs.jobs ?? []) console.log(`  ${job.id}, ${job.email?.status}`);

const missing = await client.query(RISKY_JOBS, { taskId: "00000000-0000-4000-8000-000000000000" });
console.log(`A task that does not exist is refused: ${missing.error?.graphQLErrors[0]?.extensions.code}`);
