import type { GraphQLRequestContextResponseForOperation } from "@apollo/server";
import type { Tracer } from "@opentelemetry/api";
import {
  type DocumentNode,
  type ExecutionResult,
  execute,
  type GraphQLError,
  type GraphQLSchema,
  OperationTypeNode,
} from "graphql";
import { buildExecutionContext } from "graphql/execution/execute.js";
import type { RequestContext } from "../context.ts";
import { createCompiledOperations } from "./compiled-execution.ts";
import { createQueryCharge } from "./limits/charge-query.ts";
import type { SizeOfOperation } from "./limits/query-cost.ts";
import { withoutDataOfFailedRequest } from "./request-failure.ts";
import { runSubscription } from "./run-subscription.ts";
import { traceOperation } from "./trace-operation.ts";
import { DocumentRefusal } from "./trusted/document-refusal.ts";

export type ExecuteOperation = (
  operation: GraphQLRequestContextResponseForOperation<RequestContext>,
) => Promise<ExecutionResult>;

interface ExecutorOptions {
  readonly schema: GraphQLSchema;
  readonly sizeOfOperation: SizeOfOperation;
  readonly maxCoercionErrors: number;
  /** Null without OpenTelemetry. */
  readonly tracer: Tracer | null;
  /** Undefined if any document may be executed. */
  readonly mayExecute: MayExecute | undefined;
}

/** Whether this document, which was parsed from the text, may be executed. */
export type MayExecute = (document: DocumentNode, text: string) => boolean;

/**
 * Executes every operation of the process, for GraphQL and for REST. It chooses the operation, reads the variables and
 * charges the cost, in this order, before it resolves any field.
 */
export function createExecutor(options: ExecutorOptions): ExecuteOperation {
  const { schema, sizeOfOperation, maxCoercionErrors, tracer, mayExecute } = options;
  const compiledOperation = createCompiledOperations(schema);
  const chargeQuery = createQueryCharge(sizeOfOperation);

  return async ({ document, source, request, contextValue }) => {
    if (mayExecute?.(document, source) === false) throw new DocumentRefusal("ID_REQUIRED");
    const { operationName } = request;
    const variableValues = request.variables ?? {};
    const args = {
      schema,
      document,
      rootValue: {},
      contextValue,
      variableValues,
      operationName,
      options: { maxCoercionErrors },
    };
    // graphql-js chooses the operation and coerces the variables here. This call executes nothing.
    const chosen = buildExecutionContext(args);
    if (isRefused(chosen)) return { errors: chosen };
    const cost = await chargeQuery(document, chosen, contextValue);
    if (chosen.operation.operation === OperationTypeNode.SUBSCRIPTION) return runSubscription(args, contextValue);

    const compiled = compiledOperation(document, chosen.operation);
    const run = async () => (await compiled?.(contextValue, variableValues)) ?? (await execute(args));
    const result = tracer === null ? await run() : await traceOperation(tracer, chosen.operation, run);
    return withCost(withoutDataOfFailedRequest(result), cost);
  };
}

function isRefused<Chosen extends object>(chosen: Chosen | readonly GraphQLError[]): chosen is readonly GraphQLError[] {
  return Array.isArray(chosen);
}

function withCost(result: ExecutionResult, cost: object): ExecutionResult {
  return result.data === undefined ? result : { ...result, extensions: { cost } };
}
