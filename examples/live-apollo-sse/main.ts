import { ApolloClient, ApolloLink, gql, HttpLink, InMemoryCache, type TypedDocumentNode } from "@apollo/client";
import { OperationTypeNode } from "graphql";
import { createClient } from "graphql-sse";
import { key, taskId, url } from "./settings.ts";
import { SseLink } from "./sse-link.ts";

interface ProgressData {
  readonly taskProgress: { readonly percent: number; readonly isComplete: boolean };
}

const PROGRESS: TypedDocumentNode<ProgressData, { taskId: string }> = gql`
  subscription Progress($taskId: UUID!) {
    taskProgress(taskId: $taskId) {
      percent
      isComplete
    }
  }
`;

const uri = `${url}/graphql`;
const headers = { Authorization: `Bearer ${key}` };
const client = new ApolloClient({
  link: ApolloLink.split(
    ({ operationType }) => operationType === OperationTypeNode.SUBSCRIPTION,
    new SseLink(createClient({ url: uri, headers })),
    new HttpLink({ uri, headers }),
  ),
  cache: new InMemoryCache(),
});

// After a broken connection graphql-sse subscribes again. The first result is always the present progress.
const subscription = client.subscribe({ query: PROGRESS, variables: { taskId } }).subscribe({
  next({ data, error }) {
    if (error !== undefined) {
      console.error(error.message);
      process.exitCode = 1;
      subscription.unsubscribe();
    } else {
      console.log(`${data?.taskProgress.percent} % done`);
    }
  },
  complete() {
    console.log("The task is complete.");
  },
});
