import {
  ApolloClient,
  CombinedGraphQLErrors,
  gql,
  HttpLink,
  InMemoryCache,
  type TypedDocumentNode,
} from "@apollo/client";
import { relayStylePagination } from "@apollo/client/utilities";
import { key, taskId, url } from "./settings.ts";

interface Job {
  readonly id: string;
  readonly status: string;
  readonly email: { readonly id: string; readonly deliverability: string } | null;
}

interface JobsData {
  readonly task: {
    readonly id: string;
    readonly jobs: {
      readonly edges: { readonly cursor: string; readonly node: Job }[];
      readonly pageInfo: { readonly endCursor: string | null; readonly hasNextPage: boolean };
      readonly totalCount: number;
    };
  };
}

const JOBS: TypedDocumentNode<JobsData, { taskId: string; after?: string | null }> = gql`
  query Jobs($taskId: UUID!, $after: String) {
    task(id: $taskId) {
      id
      jobs(first: 50, after: $after) {
        edges {
          cursor
          node {
            id
            status
            email {
              id
              deliverability
            }
          }
        }
        pageInfo {
          endCursor
          hasNextPage
        }
        totalCount
      }
    }
  }
`;

const client = new ApolloClient({
  link: new HttpLink({ uri: `${url}/graphql`, headers: { Authorization: `Bearer ${key}` } }),
  cache: new InMemoryCache({
    // The cache joins the pages of one filter and order to one list, as an endless list on a screen needs them.
    typePolicies: { Task: { fields: { jobs: relayStylePagination(["filter", "orderBy"]) } } },
  }),
});

const shown = client.watchQuery({ query: JOBS, variables: { taskId } });
const { data } = await client.query({ query: JOBS, variables: { taskId } });
await shown.fetchMore({ variables: { after: data?.task.jobs.pageInfo.endCursor ?? null } });

const cached = client.readQuery({ query: JOBS, variables: { taskId } })?.task.jobs;
console.log(`The cache has ${cached?.edges.length} of ${cached?.totalCount} jobs after two pages.`);
for (const { node } of cached?.edges.slice(0, 3) ?? []) {
  console.log(`  ${node.status}, ${node.email?.deliverability ?? "no result"}`);
}

try {
  await client.query({ query: JOBS, variables: { taskId: "00000000-0000-4000-8000-000000000000" } });
} catch (error) {
  if (!CombinedGraphQLErrors.is(error)) throw error;
  console.log(`A task that does not exist is refused: ${error.errors[0]?.extensions?.code}`);
}
