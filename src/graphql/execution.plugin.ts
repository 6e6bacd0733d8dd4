import { type ApolloServerOptionsWithGateway, type ApolloServerPlugin, HeaderMap } from "@apollo/server";
import type { ExecutionResult, GraphQLSchema } from "graphql";
import type { RequestContext } from "../context.ts";
import type { ExecuteOperation } from "./execute-operation.ts";

type Gateway = NonNullable<ApolloServerOptionsWithGateway<RequestContext>["gateway"]>;

interface Execution {
  readonly plugin: ApolloServerPlugin<RequestContext>;
  readonly gateway: Gateway;
}

/**
 * Executes every operation in place of Apollo Server, see `docs/decisions/compiled-execution.md`. The plugin responds with each
 * result without errors. The gateway returns all other results, because Apollo Server formats only the errors of a gateway.
 */
export function createExecution(schema: GraphQLSchema, executeOperation: ExecuteOperation): Execution {
  const failedExecutions = new WeakMap<RequestContext, Promise<ExecutionResult>>();
  const listener = {
    async responseForOperation(operation: Parameters<ExecuteOperation>[0]) {
      const execution = executeOperation(operation);
      const result = await execution.catch(() => null);
      if (result !== null && result.errors === undefined) {
        const singleResult: Omit<ExecutionResult, "errors"> = result;
        return { http: NO_HEADERS, body: { kind: "single" as const, singleResult } };
      }
      failedExecutions.set(operation.contextValue, execution);
      return null;
    },
  };
  return {
    plugin: { requestDidStart: async () => listener },
    gateway: {
      onSchemaLoadOrUpdate(provideSchema) {
        provideSchema({ apiSchema: schema, coreSupergraphSdl: "" });
        return () => {};
      },
      load: async () => ({
        executor: async ({ context }) => {
          const execution = failedExecutions.get(context as RequestContext);
          if (execution === undefined) throw new Error("Apollo Server must not execute an operation itself");
          return execution;
        },
      }),
      stop: async () => {},
    },
  };
}

const NO_HEADERS = { headers: new HeaderMap() };
