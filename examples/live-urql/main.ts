import { Client, fetchExchange, gql, type TypedDocumentNode } from "@urql/core";
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

const client = new Client({
  url: `${url}/graphql`,
  exchanges: [fetchExchange],
  // Without this option urql needs another exchange for subscriptions.
  fetchSubscriptions: true,
  fetchOptions: { headers: { Authorization: `Bearer ${key}` } },
});

/** Follows the progress. After a broken connection it subscribes again: the first result is always the present progress. */
function follow(): void {
  let isComplete = false;
  client.subscription(PROGRESS, { taskId }).subscribe(({ data, error, hasNext }) => {
    if (error !== undefined && error.networkError === undefined) {
      console.error(error.graphQLErrors[0]?.extensions.code, error.message);
      process.exit(1);
    }
    if (data !== undefined && hasNext) {
      console.log(`${data.taskProgress.percent} % done`);
      isComplete = data.taskProgress.isComplete;
    }
    if (hasNext) return;
    if (isComplete) console.log("The task is complete.");
    else setTimeout(follow, 1000);
  });
}

follow();
