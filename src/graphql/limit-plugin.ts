import type { ApolloServerPlugin } from "@apollo/server";
import { GraphQLError, type GraphQLFormattedError, type GraphQLSchema, type OperationDefinitionNode } from "graphql";
import type { RequestContext } from "../request-context.ts";
import { costOfOperation } from "./limit-cost.ts";
import { MAX_COST, MAX_ERROR_BYTES } from "./limits.ts";

type CostOf = ReturnType<typeof costOfOperation>;

/**
 * Refuses what would cost too much before anything is executed, tells every GraphQL caller what the answer cost, and keeps
 * the answer to a refused document short.
 */
export function costLimit(schema: GraphQLSchema): ApolloServerPlugin<RequestContext> {
  /** A weak map: a formula goes with its document, when Apollo forgets that. */
  const costs = new WeakMap<OperationDefinitionNode, CostOf>();

  return {
    async requestDidStart() {
      let requested = 0;
      return {
        async didResolveOperation({ contextValue, document, operation, request }) {
          // The unknown operation's name is told by execution.
          if (operation === undefined) return;
          const costOf = costs.get(operation) ?? costOfOperation(schema, document, operation);
          costs.set(operation, costOf);
          requested = costOf(request.variables ?? {});
          if (requested > MAX_COST) throw beyondCost(requested);
          await contextValue.chargeCost?.(requested);
        },
        async willSendResponse({ request, response: { body } }) {
          if (body.kind !== "single" || request.http === undefined) return;
          const { singleResult: answer } = body;
          if (answer.data === undefined) answer.errors = shortened(answer.errors ?? []);
          else answer.extensions = { ...answer.extensions, cost: { requested, limit: MAX_COST } };
        },
      };
    },
  };
}

function beyondCost(requested: number): GraphQLError {
  return new GraphQLError(`The query could cost ${requested} fields, and the limit is ${MAX_COST}: ask for less`, {
    extensions: {
      code: "BAD_USER_INPUT",
      http: { status: 400 },
      limit: { name: "cost", allowed: MAX_COST },
      cost: { requested, limit: MAX_COST },
    },
  });
}

/** The first of them, as many as fit. */
function shortened(errors: readonly GraphQLFormattedError[]): readonly GraphQLFormattedError[] {
  let bytes = 0;
  return errors.filter((error, index) => {
    bytes += Buffer.byteLength(JSON.stringify(error));
    return index === 0 || bytes <= MAX_ERROR_BYTES;
  });
}
