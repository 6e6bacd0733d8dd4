import {
  type DocumentNode,
  type ExecutionResult,
  GraphQLError,
  type GraphQLSchema,
  type OperationDefinitionNode,
} from "graphql";
import { type CompiledQuery, compileQuery, isCompiledQuery } from "graphql-jit";
import type { RequestContext } from "../context.ts";
import { isSafeToCompile } from "./compilable.ts";
import { requestFailureIn } from "./request-failure.ts";

/**
 * Compiling takes milliseconds, so an operation is compiled only when it is executed for the third time. The document store
 * keeps no document that arrives for the first time, so the first execution is not counted here.
 */
const RUNS_BEFORE_COMPILING = 1;

/** The executions by graphql-js after nested errors, see `execute` below. */
const RUNS_AFTER_NESTED_ERRORS = 3;

type Execute = (context: RequestContext, variables: Record<string, unknown>) => Promise<ExecutionResult | null>;

interface OperationState {
  /** The number of executions that are left to graphql-js before compiled code is used. */
  interpretedRuns: number;
  /** Null if the operation cannot be compiled, undefined if that has not been tried. */
  compiled: CompiledQuery["query"] | null | undefined;
}

/**
 * Compiles with graphql-jit each operation that is sent repeatedly and is safe to compile, see
 * `docs/decisions/compiled-execution.md`. Returns null, as does the compiled code, for an execution left to graphql-js.
 */
export function createCompiledOperations(schema: GraphQLSchema) {
  // A weak map drops the code together with its document, and the document store limits the bytes of both.
  const states = new WeakMap<OperationDefinitionNode, OperationState>();

  function stateOf(operation: OperationDefinitionNode): OperationState {
    const known = states.get(operation);
    if (known !== undefined) return known;
    const state = { interpretedRuns: RUNS_BEFORE_COMPILING, compiled: undefined };
    states.set(operation, state);
    return state;
  }

  function compile(document: DocumentNode): CompiledQuery["query"] | null {
    const result = isSafeToCompile(schema, document) ? compileQuery(schema, document) : null;
    return result !== null && isCompiledQuery(result) ? result.query : null;
  }

  return function compiledOperation(document: DocumentNode, operation: OperationDefinitionNode): Execute | null {
    const state = stateOf(operation);
    if (state.interpretedRuns > 0) {
      state.interpretedRuns -= 1;
      return null;
    }
    if (state.compiled === undefined) state.compiled = compile(document);
    const { compiled } = state;
    return compiled && ((context, variables) => execute(compiled, state, { context, variables }));
  };
}

async function execute(
  compiled: CompiledQuery["query"],
  state: OperationState,
  { context, variables }: { context: RequestContext; variables: Record<string, unknown> },
): Promise<ExecutionResult | null> {
  const { data, errors } = await compiled({}, context, variables);
  // The compiled code rejected the variables and executed nothing.
  if (data === undefined) return null;
  if (errors === undefined) return { data };
  const graphqlErrors = errors.map(toGraphqlError);
  // A failed batch fails the whole request (`withoutDataOfFailedRequest`), and another execution would send it again.
  if (requestFailureIn(graphqlErrors) !== undefined) return { data, errors: graphqlErrors };
  const [error, ...more] = graphqlErrors;
  if (error?.path?.length === 1 && more.length === 0) return { data, errors: [error] };
  // Nested errors may differ from those of graphql-js, so graphql-js executes the operation again. Then graphql-js alone
  // executes it for some runs, which limits how often one charge pays for two executions.
  state.interpretedRuns = RUNS_AFTER_NESTED_ERRORS;
  return null;
}

/** graphql-jit's own error class has locations but no nodes, so copy the locations. */
function toGraphqlError({ message, path, originalError, locations }: GraphQLError): GraphQLError {
  const error = new GraphQLError(message, { path: path ?? null, originalError: originalError ?? null });
  return Object.defineProperty(error, "locations", { value: locations, enumerable: true });
}
