import { ApolloServer } from "@apollo/server";
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginLandingPageDisabled,
} from "@apollo/server/plugin/disabled";
import type { Tracer } from "@opentelemetry/api";
import type { RequestContext } from "../context.ts";
import type { Log } from "../log.ts";
import type { Metrics } from "../metrics/metrics.ts";
import { createDocumentStore } from "./document-store.ts";
import { createExecutor, type MayExecute } from "./execute-operation.ts";
import { createExecution } from "./execution.plugin.ts";
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
import { operationMetrics } from "./operation-metrics.plugin.ts";
import { buildTaskJobsSchema } from "./schema.ts";
import { prepareTrustedDocuments } from "./trusted/prepare-documents.ts";
import type { TrustedDocumentsConfig } from "./trusted/read-manifest.ts";
import { createDocumentResolver, type ResolveDocument } from "./trusted/resolve-document.ts";
import { type ExecutedDocument, noteTrustedOperations } from "./trusted/trusted-operations.plugin.ts";
import { withTrustedDocuments } from "./trusted/trusted-store.ts";

export type GraphqlServer = ApolloServer<RequestContext>;

export interface GraphqlServerOptions {
  /** Enables introspection and "did you mean" in messages. */
  readonly introspection: boolean;
  /** Null if callers may send any document. */
  readonly trustedDocuments: TrustedDocumentsConfig | null;
  /** Whether the text is a document of the REST API, which callers may always execute. */
  readonly isStoredDocument: (text: string) => boolean;
  readonly log: Log;
  /** Null if metrics are off. */
  readonly metrics: Metrics | null;
  /** Null without OpenTelemetry. */
  readonly tracer: Tracer | null;
}

interface StartedGraphql {
  readonly server: GraphqlServer;
  /** Every API that takes documents of callers calls this function first. */
  readonly resolveDocument: ResolveDocument;
}

let schema: ReturnType<typeof buildTaskJobsSchema> | undefined;

export async function startGraphqlServer(options: GraphqlServerOptions): Promise<StartedGraphql> {
  const { introspection, isStoredDocument, log, metrics, tracer } = options;
  schema ??= buildTaskJobsSchema();
  const sizeOfOperation = operationSizes(schema);
  const trusted =
    options.trustedDocuments &&
    (await prepareTrustedDocuments(options.trustedDocuments, { schema, sizeOfOperation, introspection }));
  if (trusted !== null)
    log.info({ documents: trusted.count, required: trusted.required }, "trusted documents are loaded");
  const mayExecute: MayExecute | undefined =
    trusted?.required === true ? (document, text) => trusted.includes(document) || isStoredDocument(text) : undefined;
  const countDocument = (executed: ExecutedDocument) => metrics?.countDocument(executed);
  const logMaskedError = createMaskedErrorLog(log, schema);
  const store = createDocumentStore();
  const executorOptions = { schema, sizeOfOperation, maxCoercionErrors: MAX_ERRORS, tracer, mayExecute };
  const execution = createExecution(schema, createExecutor(executorOptions));
  const server = new ApolloServer<RequestContext>({
    gateway: execution.gateway,
    introspection,
    hideSchemaDetailsFromClientErrors: !introspection,
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
    documentStore: trusted === null ? store : withTrustedDocuments(store, trusted),
    formatError: introspection ? formatError : formatErrorWithout(schemaNamesHider(schema)),
    stopOnTerminationSignals: false,
    logger: silentApolloLogger(log),
    plugins: [
      execution.plugin,
      onlyKnownOperations,
      answerSizeLimit(sizeOfOperation),
      ...(trusted === null ? [] : [noteTrustedOperations({ trusted, isStoredDocument, countDocument })]),
      ...(metrics === null ? [] : [operationMetrics(metrics)]),
      shortRefusals,
      maskedErrors(log, logMaskedError),
      httpStatusPlugin,
      ApolloServerPluginLandingPageDisabled(),
      // The cache-control plugin instruments every field of every row, which takes a fifth of the time of a page.
      ApolloServerPluginCacheControlDisabled(),
    ],
  });
  await server.start();
  return { server, resolveDocument: createDocumentResolver(trusted) };
}
