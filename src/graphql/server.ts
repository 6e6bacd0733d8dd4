import { ApolloServer, type ApolloServerPlugin } from "@apollo/server";
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginLandingPageDisabled,
} from "@apollo/server/plugin/disabled";
import type { RequestContext } from "../context.ts";
import type { Log } from "../log.ts";
import { createDocumentStore } from "./document-store.ts";
import { executesEverything } from "./execute-operation.ts";
import { formatError, formatErrorWithout } from "./format-error.ts";
import { httpStatusPlugin } from "./http-status.plugin.ts";
import { onlyKnownOperations } from "./known-operations.plugin.ts";
import { answerSizeLimit } from "./limits/answer-size.plugin.ts";
import { withinLimits } from "./limits/document-limits.ts";
import { GRAPHQL_LIMITS, MAX_ERRORS } from "./limits/limits.ts";
import { schemaNamesHider } from "./limits/refusal-messages.ts";
import { shortRefusals } from "./limits/short-refusals.plugin.ts";
import { logMaskedErrors, openMaskedErrorLog, wordlessLogger } from "./masked-errors.plugin.ts";
import { buildTaskJobsSchema } from "./schema.ts";

export type GraphqlServer = ApolloServer<RequestContext>;

export interface GraphqlServerOptions {
  /** Introspection and "did you mean": on where GraphiQL is on. */
  readonly explorable: boolean;
  readonly log: Log;
  /** Of what is switched on. */
  readonly plugins?: readonly ApolloServerPlugin<RequestContext>[];
}

let schema: ReturnType<typeof buildTaskJobsSchema> | undefined;

export async function startGraphqlServer(options: GraphqlServerOptions): Promise<GraphqlServer> {
  schema ??= buildTaskJobsSchema();
  const logMaskedError = openMaskedErrorLog(options.log, schema);
  const server = new ApolloServer<RequestContext>({
    gateway: executesEverything(schema, MAX_ERRORS),
    introspection: options.explorable,
    hideSchemaDetailsFromClientErrors: !options.explorable,
    includeStacktraceInErrorResponses: false,
    allowBatchedHttpRequests: false,
    persistedQueries: false,
    // Any of these headers makes a browser ask first (preflight), and the first two are our only credentials.
    csrfPrevention: {
      requestHeaders: ["authorization", "x-api-key", "apollo-require-preflight", "x-apollo-operation-name"],
    },
    parseOptions: { maxTokens: GRAPHQL_LIMITS.tokens },
    validationRules: [withinLimits],
    validationOptions: { maxErrors: MAX_ERRORS },
    documentStore: createDocumentStore(),
    formatError: options.explorable ? formatError : formatErrorWithout(schemaNamesHider(schema)),
    stopOnTerminationSignals: false,
    logger: wordlessLogger(options.log),
    plugins: [
      onlyKnownOperations,
      answerSizeLimit(schema),
      ...(options.plugins ?? []),
      shortRefusals,
      logMaskedErrors(options.log, logMaskedError),
      httpStatusPlugin,
      ApolloServerPluginLandingPageDisabled(),
      // It instruments every field of every row: a fifth of the time of a page.
      ApolloServerPluginCacheControlDisabled(),
    ],
  });
  await server.start();
  return server;
}
