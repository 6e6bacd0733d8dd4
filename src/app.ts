import express from "express";
import { apiKeyQueries } from "./auth/api-key.ts";
import { createAudit } from "./auth/audit.ts";
import { type Authenticate, createAuthenticator } from "./auth/authenticate.ts";
import { createJwtVerifier } from "./auth/jwt.ts";
import type { Config } from "./config.ts";
import { createRequestContext, type RequestDetails } from "./context.ts";
import type { OpenDatabase } from "./db/client.ts";
import { watchReadiness } from "./db/readiness.ts";
import { emailQueries } from "./email/email.queries.ts";
import { reasonOf } from "./errors.ts";
import type { ReaderLimits } from "./export/backpressure.ts";
import { jobExportQueries } from "./export/export.queries.ts";
import { jobExportRoutes } from "./export/export.route.ts";
import { createExportSlots } from "./export/export-slots.ts";
import { operationMetrics } from "./graphql/operation-metrics.ts";
import { startGraphqlServer } from "./graphql/server.ts";
import { accessLog } from "./http/access-log.ts";
import { allowOrigins, corsHeadersFor } from "./http/cors.ts";
import { errorHandler, unknownPath } from "./http/error-handler.ts";
import { graphiqlRoutes } from "./http/graphiql/graphiql.ts";
import { graphqlRoutes } from "./http/graphql-endpoint.ts";
import { cacheReadiness, healthRoutes } from "./http/health.ts";
import { metricsRoutes } from "./http/metrics-endpoint.ts";
import { readPathPrefix } from "./http/path-prefix.ts";
import { beginDeadline } from "./http/request/begin-deadline.ts";
import { limitBodies } from "./http/request/request-body.ts";
import { checkRequestHead } from "./http/request/request-head.ts";
import { measureRequests } from "./http/request-metrics.ts";
import { createBufferLimit } from "./http/response/buffer-limit.ts";
import { compressAnswers } from "./http/response/compression.ts";
import { privateAnswers } from "./http/response/private-answers.ts";
import { securityHeaders } from "./http/response/security-headers.ts";
import { createHttpServer, type HttpLimits, silenceTimeoutOf } from "./http/server.ts";
import { openDrain } from "./http/shutdown.ts";
import { jobSearchQueries } from "./job-search/job-search.queries.ts";
import type { Log } from "./log.ts";
import { createMetrics } from "./metrics/metrics.ts";
import { watchEmailBatches, watchReads } from "./metrics/watch-reads.ts";
import { createConcurrencyLimit } from "./rate-limit/concurrency.ts";
import { openRateLimiter } from "./rate-limit/limiter.ts";
import { limitRequests } from "./rate-limit/rate-limit.middleware.ts";
import { taskJobQueries } from "./task-jobs/task-job.queries.ts";
import { taskJobRoutes } from "./task-jobs/task-job.route.ts";
import { createTaskProgressReader } from "./tasks/progress/read-task-progress.ts";
import { taskProgressQueries } from "./tasks/progress/task-progress.queries.ts";
import { taskQueries } from "./tasks/task.queries.ts";
import { taskRoutes } from "./tasks/task.route.ts";

export interface Resources {
  readonly database: OpenDatabase;
  readonly log: Log;
  /** What GraphiQL is preset with; only the embedded demo has it. */
  readonly demo?: { readonly apiKey: string; readonly taskId: string };
  /** Shorter ones, for tests that have to run into them. */
  readonly httpLimits?: Partial<HttpLimits>;
  readonly exportReader?: Partial<ReaderLimits>;
}

/** Puts the rooms together. Listens to nothing and reads no environment. */
export async function openApp(config: Config, { database, log, demo, httpLimits, exportReader }: Resources) {
  const metrics = config.metrics === null ? null : createMetrics();
  const exportSlots = createExportSlots(config.exportSlots);
  const exports = jobExportQueries(database.exports, exportSlots);
  const reads = metrics === null ? database : watchReads(metrics, database, exportSlots.running);
  const emails = emailQueries(reads);
  const queries = {
    taskJobs: taskJobQueries(reads),
    emails: metrics === null ? emails : watchEmailBatches(metrics, emails),
    jobSearches: jobSearchQueries(reads.searches),
    tasks: taskQueries(reads),
    readProgress: createTaskProgressReader(taskProgressQueries(reads.counts)),
  };
  const limiter = config.rateLimit === null ? null : openRateLimiter(config.rateLimit, config, log);
  const rateLimit =
    limiter &&
    limitRequests({
      limiter,
      onRefusal: () => metrics?.countRejection("rate"),
    });
  const admission = createConcurrencyLimit({
    slots: config.databasePoolSize,
    mayUseMoreAlone: rateLimit === null,
    onRefusal: () => metrics?.countRejection("overload"),
  });
  const charged = rateLimit?.authenticate ?? ((unlimited: Authenticate) => unlimited);
  const authenticate = admission.authenticate(
    charged(createAuthenticator(apiKeyQueries(reads), createJwtVerifier(config.jwt))),
  );
  const createContext = (request: RequestDetails) => createRequestContext(queries, request, log);
  const graphql = await startGraphqlServer({
    explorable: config.graphiql,
    log,
    plugins: metrics === null ? [] : [operationMetrics(metrics)],
  });

  const drain = openDrain({ drainMs: config.shutdownDrainMs, graceMs: config.shutdownGraceMs });
  const isDatabaseReady = cacheReadiness(
    watchReadiness(database, (reason) => {
      if (reason === null) log.info("ready again");
      else log.warn({ reason }, "not ready");
    }),
  );
  database.onOutage(
    (cause) => log.error({ reason: reasonOf(cause) }, "the database cannot be reached"),
    () => log.info("the database answers again"),
  );
  const isReady = async () => drain.isServing() && (await isDatabaseReady());

  const unread = createBufferLimit({
    maxBytes: httpLimits?.maxUnreadBytes,
    onCut: () => metrics?.countRejection("unread"),
  });
  const app = express();
  app.disable("x-powered-by");
  app.disable("etag");
  app.set("query parser", false);
  if (config.trustProxyHops > 0) app.set("trust proxy", config.trustProxyHops);
  app.use(accessLog(log));
  if (metrics !== null) app.use(measureRequests(metrics));
  app.use(drain.askClientToReconnect);
  app.use(securityHeaders, readPathPrefix(config));
  // Runs before any middleware that may refuse, because a browser shows a refusal to a page only with these headers.
  if (config.corsOrigins.length > 0)
    app.use(allowOrigins({ origins: config.corsOrigins, allowedHeaders: config.corsAllowedHeaders }));
  app.use(checkRequestHead, limitBodies);
  app.use(healthRoutes(isReady));
  const token = config.metrics?.port === null ? config.metrics.token : null;
  if (metrics !== null && token !== null) app.use(metricsRoutes(token, metrics.text));
  app.use(drain.waitWhilePortCloses);
  app.use(compressAnswers(unread));
  const demoOnPage = config.trustProxyHops > 0 ? null : (demo ?? null);
  if (config.graphiql) app.use("/graphiql", graphiqlRoutes({ demo: demoOnPage }));
  const beginWork = beginDeadline(config.requestTimeoutMs);
  app.use(privateAnswers, beginWork);
  if (rateLimit !== null) app.use(rateLimit.beforeAuthentication);
  const api = { graphql, authenticate, createContext };
  app.use(taskJobRoutes(api), taskRoutes(api));
  app.use(
    jobExportRoutes({
      authenticate,
      exports,
      createAudit: (request) => createAudit(log, request),
      readerLimits: exportReader,
    }),
  );

  app.use(
    graphqlRoutes({
      ...api,
      beginWork,
      chargeCost: rateLimit?.chargeCost,
      pageForBrowsers: config.graphiql ? "/graphiql" : null,
    }),
  );
  app.use(unknownPath);
  app.use(errorHandler(log));

  const server = createHttpServer(
    app,
    {
      log,
      onRefusal: ({ status }) => metrics?.countRefusal(String(status)),
      corsHeaders: corsHeadersFor(config.corsOrigins),
      unread,
    },
    { silenceTimeoutMs: silenceTimeoutOf(config), ...httpLimits },
  );
  return {
    server,
    metrics,
    async close(): Promise<void> {
      await drain.close(server);
      await graphql.stop();
      await limiter?.close();
    },
  };
}
