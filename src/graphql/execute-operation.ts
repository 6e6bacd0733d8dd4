import type { ApolloServerOptionsWithGateway } from "@apollo/server";
import { type ExecutionResult, execute, type GraphQLError, type GraphQLSchema } from "graphql";
import { buildExecutionContext } from "graphql/execution/execute.js";
import type { RequestContext } from "../request-context.ts";
import { createCompiledOperations } from "./compiled-execution.ts";
import { createQueryCharge } from "./query-charge.ts";

type Gateway = NonNullable<ApolloServerOptionsWithGateway<RequestContext>["gateway"]>;
type Executor = NonNullable<Awaited<ReturnType<Gateway["load"]>>["executor"]>;

/**
 * Executes every operation of the process, for GraphQL and for the stored documents of REST. An operation is chosen, then its
 * variables are read, then its cost is charged, and only then anything is resolved.
 */
function createExecutor(schema: GraphQLSchema, maxCoercionErrors: number): Executor {
  const compiledOperation = createCompiledOperations(schema);
  const chargeQuery = createQueryCharge(schema);

  return async ({ document, request, context }) => {
    const contextValue = context as RequestContext;
    const { operationName } = request;
    const variableValues = request.variables ?? {};
    const options = { maxCoercionErrors };
    const args = { schema, document, rootValue: {}, contextValue, variableValues, operationName, options };
    // graphql-js itself decides which operation is meant and whether the variables fit. This executes nothing.
    const chosen = buildExecutionContext(args);
    if (isRefused(chosen)) return { errors: chosen };
    const cost = await chargeQuery(document, chosen, contextValue);

    const compiled = compiledOperation(document, chosen.operation);
    const result = (await compiled?.(contextValue, variableValues)) ?? (await execute(args));
    return withCost(result, cost);
  };
}

function isRefused<Chosen extends object>(chosen: Chosen | readonly GraphQLError[]): chosen is readonly GraphQLError[] {
  return Array.isArray(chosen);
}

function withCost(result: ExecutionResult, cost: object): ExecutionResult {
  return result.data === undefined ? result : { ...result, extensions: { cost } };
}

/**
 * Apollo Server's interface for an executor of one's own. With it Apollo never executes anything itself, so that no plugin
 * and no order of plugins can go past `createExecutor`.
 */
export function executesEverything(schema: GraphQLSchema, maxCoercionErrors: number): Gateway {
  return {
    onSchemaLoadOrUpdate(provideSchema) {
      provideSchema({ apiSchema: schema, coreSupergraphSdl: "" });
      return () => {};
    },
    load: async () => ({ executor: createExecutor(schema, maxCoercionErrors) }),
    stop: async () => {},
  };
}
