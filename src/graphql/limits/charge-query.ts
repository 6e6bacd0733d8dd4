import { type DocumentNode, GraphQLError, type GraphQLSchema, type OperationDefinitionNode } from "graphql";
import type { RequestContext } from "../../context.ts";
import { MAX_COST } from "./limits.ts";
import { costOfOperation } from "./query-cost.ts";

type CostOf = ReturnType<typeof costOfOperation>;

interface ChosenOperation {
  readonly operation: OperationDefinitionNode;
  readonly variableValues: Readonly<Record<string, unknown>>;
}

/** Refuses an operation above the cost limit, and charges any other operation to the caller's rate limit. Returns the cost. */
export function createQueryCharge(schema: GraphQLSchema) {
  /** A weak map, so that a formula is dropped together with its document. */
  const formulas = new WeakMap<OperationDefinitionNode, CostOf>();

  return async function chargeQuery(
    document: DocumentNode,
    { operation, variableValues }: ChosenOperation,
    context: RequestContext,
  ) {
    const costOf = formulas.get(operation) ?? costOfOperation(schema, document, operation);
    formulas.set(operation, costOf);
    const requested = costOf(variableValues);
    if (requested > MAX_COST) throw costTooHigh(requested);
    await context.chargeCost?.(requested);
    return { requested, limit: MAX_COST };
  };
}

function costTooHigh(requested: number): GraphQLError {
  return new GraphQLError(
    `The query could cost ${requested} fields, and the limit is ${MAX_COST}: request fewer rows or fields`,
    {
      extensions: {
        code: "BAD_USER_INPUT",
        http: { status: 400 },
        limit: { name: "cost", allowed: MAX_COST },
        cost: { requested, limit: MAX_COST },
      },
    },
  );
}
