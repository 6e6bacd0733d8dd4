import { type DocumentNode, GraphQLError, type OperationDefinitionNode } from "graphql";
import type { RequestContext } from "../../context.ts";
import { MAX_COST } from "./limits.ts";
import type { SizeOfOperation } from "./query-cost.ts";

interface ChosenOperation {
  readonly operation: OperationDefinitionNode;
  readonly variableValues: Readonly<Record<string, unknown>>;
}

/** Refuses an operation above the cost limit, and charges any other operation to the caller's rate limit. Returns the cost. */
export function createQueryCharge(sizeOfOperation: SizeOfOperation) {
  return async function chargeQuery(
    document: DocumentNode,
    { operation, variableValues }: ChosenOperation,
    context: RequestContext,
  ) {
    const requested = sizeOfOperation(document, operation).cost(variableValues);
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
