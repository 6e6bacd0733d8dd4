import { ApolloServer, type ApolloServerPlugin } from "@apollo/server";
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginLandingPageDisabled,
} from "@apollo/server/plugin/disabled";
import type { RequestContext } from "../context.ts";
import type { Log } from "../log.ts";
import { createDocumentStore } from "./document-store.ts";
import { createGateway } from "./execute-operation.ts";
import { formatError, formatErrorWithout } from "./format-error.ts";
import { httpStatusPlugin } from "./http-status.plugin.ts";
import { onlyKnownOperations } from "./known-operations.plugin.ts";
import { answerSizeLimit } from "./limits/answer-size.plugin.ts";
import { documentLimits } from "./limits/document-limits.ts";
import { GRAPHQL_LIMITS, MAX_ERRORS } from "./limits/limits.ts";
import { operationSizes } from "./limits/query-cost.ts";
import { schemaNamesHider } from "./limits/refusal-messages.ts";
import { shortRefusals } from "./limits/short-refusals.plugin.ts";
import { createMaskedErrorLog, maskedErrors, silentApolloLogger } from "./masked-errors.plugin.ts";
import { buildTaskJobsSchema } from "./schema.ts";

export type GraphqlServer = ApolloServer<RequestContext>;

export interface GraphqlServerOptions {
  /** Enables introspection and "did you mean" in messages. It is true if GraphiQL is on. */
  readonly explorable: boolean;
  readonly log: Log;
  /** Plugins of optional features, such as metrics. */
  readonly plugins?: readonly ApolloServerPlugin<RequestContext>[];
}

let schema: ReturnType<typeof buildTaskJobsSchema> | undefined;

export async function startGraphqlServer(options: GraphqlServerOptions): Promise<GraphqlServer> {
  schema ??= buildTaskJobsSchema();
  const sizeOfOperation = operationSizes(schema);
  const logMaskedError = createMaskedErrorLog(options.log, schema);
  const server = new ApolloServer<RequestContext>({
    gateway: createGateway({ schema, sizeOfOperation, maxCoercionErrors: MAX_ERRORS }),
    introspection: options.explorable,
    hideSchemaDetailsFromClientErrors: !options.explorable,
    includeStacktraceInErrorResponses: false,
    allowBatchedHttpRequests: false,
    persistedQueries: false,
    // Browsers send a preflight before a request with any of these headers. The first two are our only credentials.
    csrfPrevention: {
      requestHeaders: ["authorization", "x-api-key", "apollo-require-preflight", "x-apollo-operation-name"],
    },
    parseOptions: { maxTokens: GRAPHQL_LIMITS.tokens },
    validationRules: [documentLimits],
    validationOptions: { maxErrors: MAX_ERRORS },
    documentStore: createDocumentStore(),
    formatError: options.explorable ? formatError : formatErrorWithout(schemaNamesHider(schema)),
    stopOnTerminationSignals: false,
    logger: silentApolloLogger(options.log),
    plugins: [
      onlyKnownOperations,
      answerSizeLimit(sizeOfOperation),
      ...(options.plugins ?? []),
      shortRefusals,
      maskedErrors(options.log, logMaskedError),
      httpStatusPlugin,
      ApolloServerPluginLandingPageDisabled(),
      // The cache-control plugin instruments every field of every row, which takes a fifth of the time of a page.
      ApolloServerPluginCacheControlDisabled(),
    ],
  });
  await server.start();
  return server;
}
