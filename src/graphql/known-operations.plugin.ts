import type { ApolloServerPlugin } from "@apollo/server";
import { GraphQLError } from "graphql";

/**
 * Refuses an operation of a kind that the schema has none of: no rule of graphql-js does, and its executor then fails with an
 * error that looks like ours. Not a validation rule, since a mutation by GET is 405 first.
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
