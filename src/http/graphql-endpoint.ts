import { expressMiddleware } from "@as-integrations/express5";
import { type RequestHandler, type Response, Router } from "express";
import type { Authenticate } from "../auth/authenticate.ts";
import type { RequestContext, RequestDetails } from "../context.ts";
import { GRAPHQL_TYPES } from "../graphql/media-types.ts";
import type { GraphqlServer } from "../graphql/server.ts";
import type { ChargeCost } from "../rate-limit/rate-limit.middleware.ts";
import { onlyMethods } from "./error-handler.ts";
import { acceptedType } from "./request/accepted-type.ts";
import { chooseMediaType, headAsGet, readGraphqlParameters } from "./request/graphql-request.ts";
import { parseJsonBody, readBody } from "./request/json-body.ts";
import { checkBodyEncoding } from "./request/request-body.ts";

const TYPES_OF_BROWSERS = [...GRAPHQL_TYPES, { type: "text/html" }];

interface GraphqlEndpointOptions {
  readonly graphql: GraphqlServer;
  readonly authenticate: Authenticate;
  readonly createContext: (asked: RequestDetails) => RequestContext;
  /** Restarts the deadline when the body has arrived. */
  readonly beginWork: RequestHandler;
  /** Of the rate limit, where there is one. */
  readonly chargeCost: ChargeCost | undefined;
  /** Where somebody who types /graphql into the address bar is sent: he wants to see something. */
  readonly pageForBrowsers: string | null;
}

export function graphqlRoutes({
  graphql,
  authenticate,
  createContext,
  beginWork,
  chargeCost,
  pageForBrowsers,
}: GraphqlEndpointOptions): Router {
  const sendBrowsersAway: RequestHandler = (request, response, next) => {
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
  /** A body that is still arriving holds no slot, and its query gets the whole time limit once the body is complete. */
  const waitForBody: RequestHandler = async (request, response, next) => {
    const { admission, viewer } = response.locals;
    if (request.complete) response.locals.body = await readBody(request);
    else {
      admission.free();
      response.locals.body = await readBody(request);
      beginWork(request, response, () => {});
      await admission.take(viewer.userId, response.locals.deadline);
    }
    next();
  };
  const contextOf = (response: Response) =>
    createContext({
      ...(response.locals as Omit<RequestDetails, "response">),
      response,
      chargeCost: chargeCost && ((cost) => chargeCost(response, cost)),
      noteOperation: (operation) => {
        response.locals.operation = operation;
      },
    });

  const parseBody: RequestHandler = async (request, response, next) => {
    request.body = await parseJsonBody(request, response.locals.body);
    next();
  };

  const router = Router();
  router.all(
    "/graphql",
    onlyMethods("GET", "HEAD", "POST"),
    sendBrowsersAway,
    headAsGet,
    authenticateRequest,
    readGraphqlParameters,
    checkBodyEncoding,
    waitForBody,
    parseBody,
    chooseMediaType,
    expressMiddleware(graphql, { context: async ({ res }) => contextOf(res) }),
  );
  return router;
}
