import { expressMiddleware } from "@as-integrations/express5";
import { type RequestHandler, type Response, Router } from "express";
import type { Authenticate } from "../auth/authenticate.ts";
import type { RequestContext, RequestDetails } from "../context.ts";
import { GRAPHQL_TYPES } from "../graphql/media-types.ts";
import type { GraphqlServer } from "../graphql/server.ts";
import type { ResolveDocument } from "../graphql/trusted/resolve-document.ts";
import type { ChargeCost } from "../rate-limit/rate-limit.middleware.ts";
import type { BeginReads } from "./consistency.ts";
import { onlyMethods } from "./error-handler.ts";
import { acceptedType } from "./request/accepted-type.ts";
import { chooseMediaType, headAsGet, readGraphqlParameters, resolveBody } from "./request/graphql-request.ts";
import { checkBodyType, parseJsonBody, readBody } from "./request/request-body.ts";
import { type StreamApi, streamGraphql } from "./stream/graphql-stream.ts";

const TYPES_OF_BROWSERS = [...GRAPHQL_TYPES, { type: "text/html" }];

interface GraphqlEndpointOptions {
  readonly graphql: GraphqlServer;
  readonly authenticate: Authenticate;
  /** Checks a credential again. */
  readonly authenticateWithoutLimits: Authenticate;
  readonly createContext: (request: RequestDetails) => RequestContext;
  readonly resolveDocument: ResolveDocument;
  /** Undefined without replicas. */
  readonly beginReads: BeginReads | undefined;
  /** Restarts the deadline when the body has arrived. */
  readonly startDeadline: RequestHandler;
  /** Undefined without a rate limit. */
  readonly chargeCost: ChargeCost | undefined;
  /** The path to which browsers are redirected, or null for no redirect. */
  readonly pageForBrowsers: string | null;
  readonly live: StreamApi;
}

export function graphqlRoutes({
  graphql,
  authenticate,
  authenticateWithoutLimits,
  createContext,
  resolveDocument,
  beginReads,
  startDeadline,
  chargeCost,
  pageForBrowsers,
  live,
}: GraphqlEndpointOptions): Router {
  const redirectBrowsers: RequestHandler = (request, response, next) => {
    const { accept = "" } = request.headers;
    // Browsers name text/html, so `text/*` alone does not mean a browser.
    const isBrowser =
      request.method === "GET" &&
      accept.toLowerCase().includes("text/html") &&
      acceptedType(accept, TYPES_OF_BROWSERS)?.type === "text/html";
    if (!isBrowser || pageForBrowsers === null) return next();
    const query = /\?.*/.exec(request.url)?.[0] ?? "";
    response.redirect(response.locals.pathPrefix + pageForBrowsers + query);
  };

  const authenticateRequest: RequestHandler = async (request, response, next) => {
    response.locals.viewer = await authenticate(request, response.locals.deadline);
    next();
  };

  /** A request whose body is still arriving holds no slot, and its deadline starts when the body is complete. */
  const waitForBody: RequestHandler = async (request, response, next) => {
    const { slot, viewer } = response.locals;
    if (request.complete) response.locals.body = await readBody(request);
    else {
      slot?.free();
      response.locals.body = await readBody(request);
      startDeadline(request, response, () => {});
      await slot?.take(viewer.userId, response.locals.deadline);
      // The credential may have been revoked while the body arrived.
      response.locals.viewer = await authenticateWithoutLimits(request, response.locals.deadline);
    }
    next();
  };

  const parseBody: RequestHandler = async (request, response, next) => {
    request.body = await parseJsonBody(request, response.locals.body);
    // The deadline of the request is final only now.
    beginReads?.(request, response);
    next();
  };

  const detailsOf = (response: Response): RequestDetails => {
    const { requestId, deadline, viewer } = response.locals;
    return {
      requestId,
      deadline,
      viewer,
      response,
      chargeCost: chargeCost && ((cost) => chargeCost(response, cost)),
      noteOperation: (operation) => {
        response.locals.operation = operation;
      },
      noteTrustedOperation: (name) => {
        response.locals.trustedOperation = name;
      },
    };
  };

  const router = Router();
  router.all(
    "/graphql",
    onlyMethods("GET", "HEAD", "POST"),
    redirectBrowsers,
    headAsGet,
    authenticateRequest,
    readGraphqlParameters(resolveDocument),
    checkBodyType,
    waitForBody,
    parseBody,
    chooseMediaType,
    resolveBody(resolveDocument),
    streamGraphql(live, detailsOf),
    expressMiddleware(graphql, { context: async ({ res }) => createContext(detailsOf(res)) }),
  );
  return router;
}
