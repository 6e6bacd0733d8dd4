import { expressMiddleware } from "@as-integrations/express5";
import compression from "compression";
import express, { type Request, type RequestHandler, type Response } from "express";
import { openAudit } from "./audit.ts";
import { apiKeyQueries } from "./auth/api-key.ts";
import { type Authenticate, openAuthenticator } from "./auth/authenticate.ts";
import { openJwtVerifier } from "./auth/jwt.ts";
import type { Config } from "./config.ts";
import type { OpenDatabase } from "./db/client.ts";
import { isMigrated } from "./db/migrate.ts";
import { emailQueries } from "./email/email.queries.ts";
import type { Failure } from "./errors.ts";
import { operationMetrics } from "./graphql/operation-metrics.ts";
import { startGraphqlServer } from "./graphql/server.ts";
import { accessLog } from "./http/access-log.ts";
import { jsonBody, limitBodies } from "./http/body.ts";
import { allowOrigins } from "./http/cors.ts";
import { openDrain } from "./http/drain.ts";
import { errorHandler, lastResort, onlyMethods, unknownPath } from "./http/error-handler.ts";
import { graphiqlRoutes } from "./http/graphiql/graphiql.ts";
import { askedSeldom, healthRoutes } from "./http/health.ts";
import { metricsRoutes } from "./http/metrics-server.ts";
import { limitRequests } from "./http/rate-limit.ts";
import { measureRequests } from "./http/request-metrics.ts";
import { saneHeaders } from "./http/sane-headers.ts";
import { securityHeaders } from "./http/security-headers.ts";
import { type HttpLimits, openHttpServer, silenceTimeoutOf } from "./http/server-limits.ts";
import type { Log } from "./log.ts";
import { openMetrics } from "./metrics/metrics.ts";
import { watchEmailBatches, watchReads } from "./metrics/watch-reads.ts";
import { pointsOfCost } from "./rate-limit/points-of-cost.ts";
import { openRateLimiter } from "./rate-limit/rate-limiter.ts";
import { type Asked, openRequestContext, type RequestContext } from "./request-context.ts";
import { jobExportQueries } from "./task-jobs/job-export.queries.ts";
import { jobExportRoutes } from "./task-jobs/job-export.route.ts";
import { jobSearchQueries } from "./task-jobs/job-search.queries.ts";
import { taskJobQueries } from "./task-jobs/task-job.queries.ts";
import { taskJobRoutes } from "./task-jobs/task-job.route.ts";
import { openTaskProgress } from "./tasks/read-task-progress.ts";
import { taskQueries } from "./tasks/task.queries.ts";
import { taskRoutes } from "./tasks/task.route.ts";
import { taskProgressQueries } from "./tasks/task-progress.queries.ts";

export interface Resources {
  readonly database: OpenDatabase;
  readonly log: Log;
  /** What GraphiQL is preset with; only the embedded demo has it. */
  readonly demo?: { readonly apiKey: string; readonly taskId: string };
  /** Shorter ones, for tests that have to run into them. */
  readonly httpLimits?: Partial<HttpLimits>;
  readonly exportStallMs?: number;
}

/** Where the context holds its request: a WeakMap would keep it past a young collection, and Apollo clones the context. */
const REQUEST = Symbol("request");

/** Puts the rooms together. Listens to nothing and reads no environment. */
export async function openApp(config: Config, { database, log, demo, httpLimits, exportStallMs }: Resources) {
  const metrics = config.metrics === null ? null : openMetrics();
  const exports = jobExportQueries(database.exports);
  const reads = metrics === null ? database : watchReads(metrics, database, exports.running);
  const emails = emailQueries(reads);
  const queries = {
    taskJobs: taskJobQueries(reads),
    emails: metrics === null ? emails : watchEmailBatches(metrics, emails),
    jobSearches: jobSearchQueries(reads.searches),
    tasks: taskQueries(reads),
    readProgress: openTaskProgress(taskProgressQueries(reads.counts)),
  };
  const limiter = config.rateLimit === null ? null : openRateLimiter(config.rateLimit, config, log);
  const rateLimit =
    limiter &&
    limitRequests({
      limiter,
      // It takes four noisy credentials to fill the pool.
      maxAtOnce: Math.ceil(config.databasePoolSize / 4),
      onRefusal: () => metrics?.countRejection("rate"),
    });
  const openAuthentication = rateLimit?.authenticate ?? ((unlimited: Authenticate) => unlimited);
  const authenticate = openAuthentication(openAuthenticator(apiKeyQueries(reads), openJwtVerifier(config.jwt)));
  const openContext = (asked: Asked) => openRequestContext(queries, asked, log);
  const graphql = await startGraphqlServer({
    explorable: config.graphiql,
    log,
    charge: rateLimit === null ? undefined : chargeForCost,
    plugins: metrics === null ? [] : [operationMetrics(metrics, tellOperation)],
  });

  const drain = openDrain({ drainMs: config.shutdownDrainMs, graceMs: config.shutdownGraceMs });
  const isDatabaseReady = askedSeldom(() => isMigrated(database));
  const isReady = async () => drain.isServing() && (await isDatabaseReady());

  const app = express();
  app.disable("x-powered-by");
  app.disable("etag");
  app.set("query parser", false);
  if (config.trustProxyHops > 0) app.set("trust proxy", config.trustProxyHops);
  app.use(accessLog(log, config.requestTimeoutMs));
  if (metrics !== null) app.use(measureRequests(metrics));
  app.use(drain.sendElsewhere);
  app.use(securityHeaders, saneHeaders, limitBodies);
  app.use(healthRoutes(isReady));
  const token = config.metrics?.port === null ? config.metrics.token : null;
  if (metrics !== null && token !== null) app.use(metricsRoutes(token, metrics.text));
  app.use(drain.refuseWhenStopping);
  if (config.corsOrigins.length > 0) app.use(allowOrigins(config.corsOrigins));
  app.use(compressAnswers());
  if (config.graphiql)
    app.use(
      "/graphiql",
      graphiqlRoutes(demo === undefined ? {} : { demoApiKey: demo.apiKey, demoTaskId: demo.taskId }),
    );
  app.use(privateAnswers);
  if (rateLimit !== null) app.use(rateLimit.beforeAuthentication);
  const restDoor = { graphql, authenticate, openContext };
  app.use(taskJobRoutes(restDoor), taskRoutes(restDoor));
  app.use(
    jobExportRoutes({
      authenticate,
      exports,
      openAudit: (requestId, viewer) => openAudit(log, requestId, viewer),
      maxStallMs: exportStallMs,
    }),
  );

  app.all(
    "/graphql",
    onlyMethods("GET", "HEAD", "POST"),
    sendBrowsersToGraphiql(config.graphiql),
    ...jsonBody,
    async (request: Request, response: Response, next) => {
      response.locals.viewer = await authenticate(request, response.locals.deadline);
      next();
    },
    expressMiddleware(graphql, {
      context: async ({ req, res }) => {
        const context = openContext(res.locals as Asked);
        return metrics === null && rateLimit === null ? context : Object.assign(context, { [REQUEST]: req });
      },
    }),
  );
  app.use(unknownPath);
  app.use(errorHandler(log));

  async function chargeForCost(context: RequestContext, cost: number): Promise<void> {
    const request = requestOf(context);
    const morePoints = pointsOfCost(cost) - 1;
    if (request !== undefined && morePoints > 0) await rateLimit?.chargeMore(request, morePoints);
  }

  function noteRefusal(requestId: string, { status }: Failure): void {
    log.info({ requestId, status }, "not a request");
    metrics?.countRefusal(String(status));
  }

  function tellOperation(context: RequestContext, operation: string): void {
    const response = requestOf(context)?.res;
    if (response !== undefined) response.locals.operation = operation;
  }

  const server = openHttpServer(
    app,
    (request, response) => app(request as Request, response as Response, lastResort(log, response as Response)),
    noteRefusal,
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

/** Of a query through the GraphQL door; the other's points and operation are known beforehand. */
function requestOf(context: RequestContext & { readonly [REQUEST]?: Request }): Request | undefined {
  return context[REQUEST];
}

/** Not even looked at for a caller who takes no compressed answer: the wrapped response costs a fifth of a page of 10. */
function compressAnswers(): RequestHandler {
  // Its list of types that are worth it does not know lines of JSON.
  const compress = compression({
    filter: (request, response) =>
      String(response.getHeader("Content-Type")).startsWith("application/x-ndjson") ||
      compression.filter(request, response),
  });
  return (request, response, next) => {
    if (/gzip|br|deflate/.test(request.headers["accept-encoding"] ?? "")) compress(request, response, next);
    else next();
  };
}

/** The answers depend on who asks; a shared cache may keep none, a private one must ask first. */
const privateAnswers: RequestHandler = (_request, response, next) => {
  response.setHeader("Cache-Control", "private, no-cache");
  response.vary("Accept, Accept-Encoding, Authorization, X-API-Key");
  next();
};

/** Somebody who types /graphql into the address bar wants to see something. */
function sendBrowsersToGraphiql(graphiql: boolean): RequestHandler {
  return (request, response, next) => {
    const isBrowser = request.method === "GET" && (request.headers.accept ?? "").includes("text/html");
    if (graphiql && isBrowser) response.redirect("/graphiql");
    else next();
  };
}
