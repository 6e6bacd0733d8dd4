import { ApolloClient, ApolloLink, gql, HttpLink, InMemoryCache, type TypedDocumentNode } from "@apollo/client";
import { GraphQLWsLink } from "@apollo/client/link/subscriptions";
import { OperationTypeNode } from "graphql";
import { createClient } from "graphql-ws";
import { WebSocket } from "ws";
import { key, taskId, url } from "./settings.ts";

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

const socket = createClient({
  url: `${url.replace(/^http/, "ws")}/graphql`,
  // Browsers cannot set headers of a WebSocket, so the key is sent in its first message.
  connectionParams: { authorization: `Bearer ${key}` },
  // Browsers and Node 22 have a WebSocket and do not need this option.
  webSocketImpl: WebSocket,
});
const client = new ApolloClient({
  link: ApolloLink.split(
    ({ operationType }) => operationType === OperationTypeNode.SUBSCRIPTION,
    new GraphQLWsLink(socket),
    new HttpLink({ uri: `${url}/graphql`, headers: { Authorization: `Bearer ${key}` } }),
  ),
  cache: new InMemoryCache(),
});

// After a broken connection graphql-ws subscribes again. The first result is always the present progress.
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
