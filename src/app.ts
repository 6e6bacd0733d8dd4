import express from "express";
import { apiKeyQueries } from "./auth/api-key.ts";
import { createAudit } from "./auth/audit.ts";
import { createAuthenticator } from "./auth/authenticate.ts";
import { createJwtVerifier } from "./auth/jwt.ts";
import type { Config } from "./config.ts";
import { createRequestContext, type RequestDetails } from "./context.ts";
import type { OpenDatabase } from "./db/client.ts";
import type { OpenReplicas } from "./db/replicas/open-replicas.ts";
import type { ReaderLimits } from "./export/backpressure.ts";
import { jobExportQueries } from "./export/export.queries.ts";
import { jobExportRoutes } from "./export/export.route.ts";
import { createExportSlots } from "./export/export-slots.ts";
import { createDataSources } from "./graphql/create-data-sources.ts";
import { startGraphqlServer } from "./graphql/server.ts";
import { accessLog, noteCredentialFaults } from "./http/access-log.ts";
import { connectionLimitsOf, type HttpLimits } from "./http/connection-limits.ts";
import { createBeginReads } from "./http/consistency.ts";
import { allowOrigins, corsHeadersFor } from "./http/cors.ts";
import { errorHandler, unknownPath } from "./http/error-handler.ts";
import { graphqlRoutes } from "./http/graphql-endpoint.ts";
import { healthRoutes, watchDatabase } from "./http/health.ts";
import { metricsRoutes } from "./http/metrics-endpoint.ts";
import { setCacheHeaders, startDeadline } from "./http/middleware.ts";
import { pageRoutes } from "./http/page-routes.ts";
import { readPathPrefix } from "./http/path-prefix.ts";
import { limitBodies } from "./http/request/request-body.ts";
import { checkRequestHead } from "./http/request/request-head.ts";
import { measureRequests } from "./http/request-metrics.ts";
import { createBufferLimit } from "./http/response/buffer-limit.ts";
import { compressResponses } from "./http/response/compression.ts";
import { securityHeaders } from "./http/response/security-headers.ts";
import { isStoredDocument } from "./http/rest-endpoint.ts";
import { createHttpServer } from "./http/server.ts";
import { openDrain } from "./http/shutdown.ts";
import { createLiveUpdates, type LiveTimes } from "./http/stream/create-live-updates.ts";
import { traceRequests } from "./http/trace-requests.ts";
import { createWebSocketApp } from "./http/web-socket/web-socket-app.ts";
import { taskEventRoutes } from "./live/task-events.route.ts";
import { createTaskWatcher } from "./live/watch-tasks.ts";
import { watchedTaskQueries } from "./live/watched-task.queries.ts";
import type { Log } from "./log.ts";
import { createMetrics } from "./metrics/metrics.ts";
import { findTracer } from "./metrics/tracing.ts";
import { observeReads, watchPools } from "./metrics/watch-reads.ts";
import { taskJobByIdRoutes } from "./nodes/task-job-by-id.route.ts";
import { openRequestLimits } from "./rate-limit/request-limits.ts";
import { taskJobRoutes } from "./task-jobs/task-job.route.ts";
import { taskRoutes } from "./tasks/task.route.ts";
import { verificationMetricsRoutes } from "./verification-metrics/verification-metrics.route.ts";

export interface Resources {
  readonly database: OpenDatabase;
  /** Null or absent if the database alone answers all reads. */
  readonly replicas?: OpenReplicas | null;
  readonly log: Log;
  /** The key and the task that GraphiQL starts with, if this is the embedded demo. */
  readonly demo?: { readonly apiKey: string; readonly taskId: string };
  /** Overrides for tests. */
  readonly httpLimits?: Partial<HttpLimits>;
  readonly exportReader?: Partial<ReaderLimits>;
  readonly liveTimes?: Partial<LiveTimes>;
}

/** Composes the application. The caller starts listening and reads the environment. */
export async function openApp(config: Config, resources: Resources) {
  const { database, replicas = null, log, demo, httpLimits, exportReader, liveTimes = {} } = resources;
  const metrics = config.metrics === null ? null : createMetrics();
  const exportSlots = createExportSlots(config.exportSlots);
  const reads = replicas?.reads ?? database;
  const tracer = findTracer();
  const primary = observeReads(database, { metrics, tracer });
  if (metrics !== null) {
    watchPools(metrics, database, exportSlots.running);
    if (replicas !== null) metrics.registerReplicas(replicas);
  }
  // The changes of tasks and their events are read from one server, because another one may not have a change yet.
  const watcher = createTaskWatcher(watchedTaskQueries(primary), {
    onLook: (isOk) => metrics?.countLiveLook(isOk),
    lookEveryMs: liveTimes.lookEveryMs,
  });
  const dataSources = createDataSources(observeReads(reads, { metrics, tracer }), { metrics, watcher });
  const requestLimits = openRequestLimits(config, { log, onRefusal: (limit) => metrics?.countRejection(limit) });
  const authenticateWithoutLimits = noteCredentialFaults(
    createAuthenticator(apiKeyQueries(primary), createJwtVerifier(config.jwt)),
  );
  const authenticate = requestLimits.authenticate(authenticateWithoutLimits);
  const { introspection, trustedDocuments } = config;
  const { server: graphql, resolveDocument } = await startGraphqlServer({
    introspection,
    trustedDocuments,
    isStoredDocument,
    log,
    metrics,
    tracer,
  });
  const createContext = (request: RequestDetails) => createRequestContext(dataSources, request, log);
  const buffers = createBufferLimit({
    maxBytes: httpLimits?.maxBufferedBytes,
    onClose: () => metrics?.countRejection("unread"),
  });
  const limits = { ...connectionLimitsOf(config), ...httpLimits };
  const live = createLiveUpdates(config, {
    graphql,
    resolveDocument,
    createContext,
    authenticateWithoutLimits,
    authenticate,
    requestLimits,
    watcher,
    metrics,
    log,
    buffers,
    silenceTimeoutMs: limits.silenceTimeoutMs,
    times: liveTimes,
  });
  const drain = openDrain({
    drainMs: config.shutdownDrainMs,
    graceMs: config.shutdownGraceMs,
    onClose: live.closeAll,
  });
  const isDatabaseReady = watchDatabase(database, log);
  const isReady = async () => drain.isServing() && (await isDatabaseReady());
  const startRequestDeadline = startDeadline(config.requestTimeoutMs);

  const app = express();
  app.disable("x-powered-by");
  app.disable("etag");
  app.set("query parser", false);
  if (config.trustProxyHops > 0) app.set("trust proxy", config.trustProxyHops);

  const recordRequests = [accessLog(log)];
  if (tracer !== null) recordRequests.push(traceRequests(tracer));
  if (metrics !== null) recordRequests.push(measureRequests(metrics));
  app.use(...recordRequests, drain.askClientToReconnect, securityHeaders, readPathPrefix(config));
  // CORS precedes every middleware that may refuse a request, because a browser hides a response without these headers from the page.
  if (config.corsOrigins.length > 0)
    app.use(allowOrigins({ origins: config.corsOrigins, allowedHeaders: config.corsAllowedHeaders }));
  app.use(checkRequestHead, limitBodies);
  app.use(healthRoutes(isReady));
  if (metrics !== null && config.metrics?.port === null && config.metrics.token !== null)
    app.use(metricsRoutes(config.metrics.token, metrics.text));
  app.use(drain.waitWhilePortCloses, compressResponses(buffers), pageRoutes(config, demo ?? null));
  app.use(setCacheHeaders, startRequestDeadline);
  if (requestLimits.beforeAuthentication !== undefined) app.use(requestLimits.beforeAuthentication);

  const beginReads = replicas === null ? undefined : createBeginReads(replicas);
  const api = { graphql, authenticate, createContext, beginReads, live };
  app.use(taskJobRoutes(api), taskRoutes(api), taskEventRoutes(api));
  app.use(
    jobExportRoutes({
      authenticate,
      exports: jobExportQueries(reads.exports, exportSlots),
      beginReads,
      createAudit: (request) => createAudit(log, request),
      readerLimits: exportReader,
    }),
  );
  // Follows the export, whose path would otherwise be the path of a job with the id `export`.
  app.use(taskJobByIdRoutes(api), verificationMetricsRoutes(api));
  app.use(
    graphqlRoutes({
      ...api,
      resolveDocument,
      authenticateWithoutLimits,
      startDeadline: startRequestDeadline,
      chargeCost: requestLimits.chargeCost,
      pageForBrowsers: config.graphiql ? "/graphiql" : null,
    }),
  );
  app.use(unknownPath);
  app.use(errorHandler(log));

  const beforeHandshake = [...recordRequests, securityHeaders, checkRequestHead, drain.waitWhilePortCloses];
  if (requestLimits.sockets !== undefined) beforeHandshake.push(requestLimits.sockets.beforeConnection);
  const webSocketApp = createWebSocketApp(config, { sockets: live.sockets, middleware: beforeHandshake, log });
  const server = createHttpServer(app, {
    webSocketApp,
    log,
    onRefusal: ({ status }) => metrics?.countRefusal(String(status)),
    corsHeaders: corsHeadersFor(config.corsOrigins),
    buffers,
    limits,
  });
  return {
    server,
    metrics,
    async close(): Promise<void> {
      await drain.close(server);
      await graphql.stop();
      await requestLimits.close();
    },
  };
}
