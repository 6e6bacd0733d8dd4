import type { ApolloServerPlugin } from "@apollo/server";
import { GraphQLError, OperationTypeNode } from "graphql";
import type { RequestContext } from "../context.ts";
import { EVENT_STREAM } from "./media-types.ts";

/**
 * Refuses mutations, which the schema does not have, and subscriptions that were not sent as a stream, because the executor
 * of graphql-js would report an internal error. It is not a validation rule, because a mutation by GET must be 405.
 */
export const onlyKnownOperations: ApolloServerPlugin<RequestContext> = {
  async requestDidStart({ schema }) {
    return {
      async didResolveOperation({ operation, contextValue }) {
        if (operation === undefined) return;
        const refuse = (message: string) => {
          const extensions = { code: "GRAPHQL_VALIDATION_FAILED", http: { status: 400 } };
          throw new GraphQLError(message, { nodes: operation, extensions });
        };
        if (!schema.getRootType(operation.operation)) refuse(`The schema has no ${operation.operation} operations`);
        // Apollo Server would execute it once and send the result as if it were the answer.
        const isSubscription = operation.operation === OperationTypeNode.SUBSCRIPTION;
        if (isSubscription && contextValue.subscription === undefined)
          refuse(`A subscription is a stream of events: send it with the header "Accept: ${EVENT_STREAM}"`);
      },
    };
  },
};
