import v8 from "node:v8";
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

// Without this flag V8 keeps the source of every `new Function` forever.
v8.setFlagsFromString("--no-compilation-cache");

/** Compiling takes milliseconds, so a document is compiled only when it is executed for the third time. */
const RUNS_BEFORE_COMPILING = 3;

/** The number of compiled operations kept; the least recently used is dropped first. */
const MAX_COMPILED = 100;

type Execute = (context: RequestContext, variables: Record<string, unknown>) => Promise<ExecutionResult | null>;

interface Compiled {
  readonly query: CompiledQuery["query"];
  /** The number of executions by graphql-js before the compiled code is used again. */
  pause: number;
}

/**
 * Compiles with graphql-jit each operation that is sent repeatedly and is safe to compile, see
 * `docs/decisions/compiled-execution.md`. Returns null, as does the compiled code, for an execution left to graphql-js.
 */
export function createCompiledOperations(schema: GraphQLSchema, maxCompiled = MAX_COMPILED) {
  const runs = new WeakMap<OperationDefinitionNode, number>();
  const compiled = new Map<OperationDefinitionNode, Compiled>();
  const neverCompiled = new WeakSet<OperationDefinitionNode>();

  function find(document: DocumentNode, operation: OperationDefinitionNode): Compiled | null {
    const known = compiled.get(operation);
    if (known !== undefined) {
      compiled.delete(operation);
      compiled.set(operation, known);
      return known;
    }
    if (neverCompiled.has(operation)) return null;
    const run = (runs.get(operation) ?? 0) + 1;
    // The count restarts, because the compiled operation may be evicted and must then be requested as often again.
    runs.set(operation, run % RUNS_BEFORE_COMPILING);
    if (run < RUNS_BEFORE_COMPILING) return null;
    const result = isSafeToCompile(schema, document) ? compileQuery(schema, document) : null;
    if (result !== null && isCompiledQuery(result)) return keep(operation, { query: result.query, pause: 0 });
    neverCompiled.add(operation);
    return null;
  }

  function keep(operation: OperationDefinitionNode, added: Compiled): Compiled {
    compiled.set(operation, added);
    for (const oldest of compiled.keys()) {
      if (compiled.size <= maxCompiled) break;
      compiled.delete(oldest);
    }
    return added;
  }

  return function compiledOperation(document: DocumentNode, operation: OperationDefinitionNode): Execute | null {
    const found = find(document, operation);
    if (found === null) return null;
    if (found.pause > 0) {
      found.pause -= 1;
      return null;
    }
    return (context, variables) => run(found, context, variables);
  };
}

async function run(compiled: Compiled, context: RequestContext, variables: Record<string, unknown>) {
  const { data, errors } = await compiled.query({}, context, variables);
  // The compiled code rejected the variables and executed nothing.
  if (data === undefined) return null;
  if (errors === undefined) return { data };
  const [error, ...more] = errors.map(toGraphqlError);
  if (error?.path?.length === 1 && more.length === 0) return { data, errors: [error] };
  // Nested errors may differ from those of graphql-js, so graphql-js executes the operation again. The pause limits how
  // often one charge pays for two executions.
  compiled.pause = RUNS_BEFORE_COMPILING;
  return null;
}

/** graphql-jit's own error class has locations but no nodes, so copy the locations. */
function toGraphqlError({ message, path, originalError, locations }: GraphQLError): GraphQLError {
  const error = new GraphQLError(message, { path: path ?? null, originalError: originalError ?? null });
  return Object.defineProperty(error, "locations", { value: locations, enumerable: true });
}
