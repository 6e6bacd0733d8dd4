import type { ApolloServerPlugin } from "@apollo/server";
import { Kind, type OperationDefinitionNode } from "graphql";
import type { RequestContext } from "../context.ts";
import type { Metrics } from "../metrics/metrics.ts";

/**
 * Counts errors by code, and reports the root field of each operation. Labels are fields of validated documents, because
 * callers could create any number of operation names.
 */
export function operationMetrics(metrics: Metrics): ApolloServerPlugin<RequestContext> {
  return {
    async requestDidStart() {
      return {
        async didResolveOperation({ contextValue, operation, schema }) {
          // If the schema has no such root type, the fields were never validated and must not become labels.
          if (operation !== undefined && schema.getRootType(operation.operation))
            contextValue.noteOperation?.(rootFieldOf(operation));
        },
        async didEncounterErrors({ errors }) {
          if (errors.some(({ extensions }) => extensions.limit !== undefined)) metrics.countRejection("query");
        },
        async willSendResponse({ request, response: { body } }) {
          // An operation without an HTTP request belongs to a REST path, whose errors are not GraphQL errors.
          if (request.http === undefined || body.kind !== "single") return;
          for (const { extensions } of body.singleResult.errors ?? []) {
            metrics.countGraphqlError(String(extensions?.code ?? "INTERNAL_SERVER_ERROR"));
          }
        },
      };
    },
  };
}

/** The root field of an operation that was validated. */
export function rootFieldOf({ selectionSet }: OperationDefinitionNode): string {
  const [selection, ...more] = selectionSet.selections;
  if (more.length > 0) return "several";
  return selection?.kind === Kind.FIELD ? selection.name.value : "fragment";
}
