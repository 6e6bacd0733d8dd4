import http from "node:http";
import { expressMiddleware } from "@as-integrations/express5";
import compression from "compression";
import cors from "cors";
import express, { type Request, type RequestHandler, type Response } from "express";
import { apiKeyQueries } from "./auth/api-key.ts";
import { openAuthenticator } from "./auth/authenticate.ts";
import { openJwtVerifier } from "./auth/jwt.ts";
import type { Config } from "./config.ts";
import type { OpenDatabase } from "./db/client.ts";
import { isMigrated } from "./db/migrate.ts";
import { emailQueries } from "./email/email.queries.ts";
import { Failure } from "./errors.ts";
import { startGraphqlServer } from "./graphql/server.ts";
import { accessLog } from "./http/access-log.ts";
import { jsonBody } from "./http/body.ts";
import { errorHandler, onlyMethods, unknownPath } from "./http/error-handler.ts";
import { graphiqlRoutes } from "./http/graphiql/graphiql.ts";
import { healthRoutes } from "./http/health.ts";
import type { Log } from "./log.ts";
import { type Asked, openRequestContext } from "./request-context.ts";
import { taskJobQueries } from "./task-jobs/task-job.queries.ts";
import { taskJobRoutes } from "./task-jobs/task-job.route.ts";

export interface Resources {
  readonly database: OpenDatabase;
  readonly log: Log;
  /** What GraphiQL is preset with; only the embedded demo has it. */
  readonly demo?: { readonly apiKey: string; readonly taskId: string };
}

export type App = Awaited<ReturnType<typeof openApp>>;

/** Puts the rooms together. Listens to nothing and reads no environment. */
export async function openApp(config: Config, { database, log, demo }: Resources) {
  const queries = { taskJobs: taskJobQueries(database), emails: emailQueries(database) };
  const authenticate = openAuthenticator(apiKeyQueries(database), openJwtVerifier(config.jwt));
  const openContext = (asked: Asked) => openRequestContext(queries, asked);
  const graphql = await startGraphqlServer({ explorable: config.graphiql, log });

  let stopping = false;
  const isReady = async () => !stopping && (await isMigrated(database));

  const app = express();
  app.disable("x-powered-by");
  app.disable("etag");
  app.set("query parser", false);
  app.use(accessLog(log, config.requestTimeoutMs));
  app.use((_request, response, next) => {
    if (stopping) response.setHeader("Connection", "close");
    next();
  });
  app.use(healthRoutes(isReady));
  app.use((_request, _response, next) => next(stopping ? new Failure("UNAVAILABLE") : undefined));
  if (config.corsOrigins.length > 0) app.use(allowOrigins(config.corsOrigins));
  app.use(compressAnswers());
  if (config.graphiql)
    app.use(
      "/graphiql",
      graphiqlRoutes(demo === undefined ? {} : { demoApiKey: demo.apiKey, demoTaskId: demo.taskId }),
    );
  app.use(privateAnswers);
  app.use(jsonBody);
  app.use(taskJobRoutes({ graphql, authenticate, openContext }));

  app.all(
    "/graphql",
    onlyMethods("GET", "HEAD", "POST"),
    sendBrowsersToGraphiql(config.graphiql),
    async (request: Request, response: Response, next) => {
      response.locals.viewer = await authenticate(request, response.locals.deadline);
      next();
    },
    expressMiddleware(graphql, {
      context: async ({ res }) => openContext(res.locals as Asked),
    }),
  );
  app.use(unknownPath);
  app.use(errorHandler(log));

  const server = http.createServer(app);
  return {
    server,
    /** Finishes what is running, refuses what is new; cuts what still runs after the grace period. */
    async close(): Promise<void> {
      stopping = true;
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeIdleConnections();
      const cut = setTimeout(() => server.closeAllConnections(), config.shutdownGraceMs);
      await closed;
      clearTimeout(cut);
      await graphql.stop();
    },
  };
}

/** Not even looked at for a caller who takes no compressed answer: the wrapped response costs a fifth of a page of 10. */
function compressAnswers(): RequestHandler {
  const compress = compression();
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

function allowOrigins(origins: readonly string[]): RequestHandler {
  return cors({
    origin: [...origins],
    methods: ["GET", "HEAD", "POST", "OPTIONS"],
    allowedHeaders: [
      "Authorization",
      "X-API-Key",
      "Content-Type",
      "If-None-Match",
      "X-Request-ID",
      "apollo-require-preflight",
    ],
    exposedHeaders: ["ETag", "Link", "Retry-After", "WWW-Authenticate", "X-Request-ID"],
    maxAge: 600,
    preflightContinue: true,
  });
}

/** Somebody who types /graphql into the address bar wants to see something. */
function sendBrowsersToGraphiql(graphiql: boolean): RequestHandler {
  return (request, response, next) => {
    const isBrowser = request.method === "GET" && (request.headers.accept ?? "").includes("text/html");
    if (graphiql && isBrowser) response.redirect("/graphiql");
    else next();
  };
}
