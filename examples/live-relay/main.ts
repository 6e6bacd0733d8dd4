import { createClient } from "graphql-ws";
import { Environment, Network, Observable, RecordSource, requestSubscription, Store } from "relay-runtime";
import { WebSocket } from "ws";
import progress, { type progressSubscription } from "./__generated__/progressSubscription.graphql.ts";
import { key, taskId, url } from "./settings.ts";

const socket = createClient({
  url: `${url.replace(/^http/, "ws")}/graphql`,
  // Browsers cannot set headers of a WebSocket, so the key is sent in its first message.
  connectionParams: { authorization: `Bearer ${key}` },
  // Browsers and Node 22 have a WebSocket and do not need this option.
  webSocketImpl: WebSocket,
});

// Queries can be sent over the same connection.
const execute = ({ name, text }: { name: string; text?: string | null }, variables: Record<string, unknown>) =>
  Observable.create<never>((sink) => socket.subscribe({ operationName: name, query: text ?? "", variables }, sink));
const environment = new Environment({
  network: Network.create(execute, execute),
  store: new Store(new RecordSource()),
});

// After a broken connection graphql-ws subscribes again. The first result is always the present progress.
requestSubscription<progressSubscription>(environment, {
  subscription: progress,
  variables: { taskId },
  onNext: (data) => console.log(`${data?.taskProgress.percent} % done`),
  onCompleted: () => console.log("The task is complete."),
  onError: (error) => {
    console.error(error.message);
    process.exitCode = 1;
  },
});
