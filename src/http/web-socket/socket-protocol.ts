import { type ExecutionResult, type FormattedExecutionResult, GraphQLSchema, parse } from "graphql";
import { makeServer, type SubscribePayload } from "graphql-ws";
import type { OperationFailed } from "./socket-operation.ts";

/** The parts of a connection that the protocol calls. */
export interface SocketHandler {
  /** Closes the connection and returns false if the credential is refused. */
  readonly connect: (connectionParams: Record<string, unknown> | undefined) => Promise<boolean>;
  readonly subscribe: (
    payload: SubscribePayload,
    /** Resolves when the messages so far have left the process. */
    whenSent: () => Promise<void>,
  ) => AsyncGenerator<FormattedExecutionResult, void, void>;
}

export interface ProtocolHooks extends Pick<SocketHandler, "connect"> {
  readonly subscribe: (payload: SubscribePayload) => ReturnType<SocketHandler["subscribe"]>;
}

/** graphql-ws asks the document only whether to call `subscribe`. Apollo Server parses and validates the document of the client. */
const ANY_SUBSCRIPTION = parse("subscription { any }");
const NO_SCHEMA = new GraphQLSchema({});

const MAX_ID_LENGTH = 128;

export type SocketProtocol = ReturnType<typeof createSocketProtocol>;

/** Speaks graphql-transport-ws. The adapter `graphql-ws/use/ws` was not used, because it prints errors to the console. */
export function createSocketProtocol(connectionInitWaitTimeout: number) {
  return makeServer<Record<string, unknown> | undefined, ProtocolHooks>({
    connectionInitWaitTimeout,
    onConnect: ({ connectionParams, extra }) => extra.connect(connectionParams),
    onSubscribe({ extra }, id, payload) {
      // Each message of the operation repeats the id. Any error here closes the connection as malformed.
      if (id.length > MAX_ID_LENGTH) throw new Error("The id is too long");
      const contextValue = extra.subscribe(payload);
      return { schema: NO_SCHEMA, document: ANY_SUBSCRIPTION, rootValue: null, contextValue };
    },
    // The operation may be a query, whose events are its one result.
    subscribe: ({ contextValue }) => contextValue as AsyncGenerator<ExecutionResult>,
    // Results and errors are formatted already.
    onNext: (...[, , , , result]) => result as FormattedExecutionResult,
    onError: (...[, , , [error]]) => (error?.originalError as OperationFailed | undefined)?.errors,
  });
}
