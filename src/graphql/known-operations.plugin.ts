import type { ApolloServerPlugin } from "@apollo/server";
import { GraphQLError } from "graphql";

/**
 * Refuses mutations and subscriptions, which the schema does not have. No rule of graphql-js does, and its executor would
 * report an internal error. It is not a validation rule, because a mutation by GET must be 405.
 */
export const onlyKnownOperations: ApolloServerPlugin = {
  async requestDidStart({ schema }) {
    return {
      async didResolveOperation({ operation }) {
        if (operation === undefined || schema.getRootType(operation.operation)) return;
        throw new GraphQLError(`The schema has no ${operation.operation} operations`, {
          nodes: operation,
          extensions: { code: "GRAPHQL_VALIDATION_FAILED", http: { status: 400 } },
        });
      },
    };
  },
};
