import { ApolloServer } from "@apollo/server";
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginLandingPageDisabled,
} from "@apollo/server/plugin/disabled";
import type { Log } from "../log.ts";
import type { RequestContext } from "../request-context.ts";
import { compiledExecution } from "./compiled-execution.ts";
import { formatError, logMaskedErrors } from "./format-error.ts";
import { httpStatusPlugin } from "./http-status.ts";
import { buildTaskJobsSchema } from "./schema.ts";

export type GraphqlServer = ApolloServer<RequestContext>;

export interface GraphqlServerOptions {
  /** Introspection and "did you mean": on where GraphiQL is on. */
  readonly explorable: boolean;
  readonly log: Log;
}

let schema: ReturnType<typeof buildTaskJobsSchema> | undefined;

export async function startGraphqlServer(options: GraphqlServerOptions): Promise<GraphqlServer> {
  schema ??= buildTaskJobsSchema();
  const server = new ApolloServer<RequestContext>({
    schema,
    introspection: options.explorable,
    hideSchemaDetailsFromClientErrors: !options.explorable,
    includeStacktraceInErrorResponses: false,
    allowBatchedHttpRequests: false,
    persistedQueries: false,
    // Any of these headers makes a browser ask first (preflight), and the first two are our only credentials.
    csrfPrevention: {
      requestHeaders: ["authorization", "x-api-key", "apollo-require-preflight", "x-apollo-operation-name"],
    },
    formatError,
    stopOnTerminationSignals: false,
    plugins: [
      compiledExecution(options.log),
      logMaskedErrors(options.log),
      httpStatusPlugin,
      ApolloServerPluginLandingPageDisabled(),
      // It instruments every field of every row: a fifth of the time of a page.
      ApolloServerPluginCacheControlDisabled(),
    ],
  });
  await server.start();
  return server;
}
