import { readFileSync } from "node:fs";
import type { Request, Response } from "express";
import type { Authenticate } from "../auth/authenticate.ts";
import type { RequestContext, RequestDetails } from "../context.ts";
import { Failure, type FieldFault, failureKindOfGraphqlCode } from "../errors.ts";
import type { GraphqlServer } from "../graphql/server.ts";
import { acceptedType } from "./request/accepted-type.ts";
import { entityTagOf, isKnownTag } from "./response/entity-tag.ts";
import { type Linked, nextLink } from "./response/link-header.ts";

const MEDIA_TYPE = "application/json";

/** What every REST route works with: it is let in here, runs a stored query and hands its answer out. */
export interface RestApi {
  readonly graphql: GraphqlServer;
  readonly authenticate: Authenticate;
  readonly createContext: (request: RequestDetails) => RequestContext;
}

export interface StoredDocument {
  readonly query: string;
  /** Whether an error at this path only costs the field its value. */
  readonly mayFailAlone: (path: readonly (string | number)[]) => boolean;
}

/** As a stored document asks for it. */
export interface StoredConnection<Node> {
  readonly nodes: readonly Node[];
  readonly totalCount: number;
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
}

/** Files beside the route: the operation, and the fragment it spreads. */
export function storedDocument(
  base: string,
  files: readonly string[],
  mayFailAlone: StoredDocument["mayFailAlone"] = () => false,
): StoredDocument {
  return { query: files.map((file) => readFileSync(new URL(file, base), "utf8")).join("\n"), mayFailAlone };
}

/** Before anything else of the request is looked at: 401, then 406. */
export async function startRestRequest(api: RestApi, request: Request, response: Response): Promise<RequestContext> {
  const { requestId, deadline } = response.locals;
  const viewer = await api.authenticate(request, deadline);
  if (acceptedType(request.headers.accept, [{ type: MEDIA_TYPE }]) === null) throw new Failure("NOT_ACCEPTABLE");
  return api.createContext({ viewer, requestId, deadline, response });
}

interface StoredRequest {
  readonly context: RequestContext;
  readonly document: StoredDocument;
  readonly variables: object;
}

/** Runs a stored document and returns its data. Throws the first error that may not fail alone. */
export async function executeStored<Data>(
  { graphql }: RestApi,
  { context, document: { query, mayFailAlone }, variables }: StoredRequest,
): Promise<Data> {
  const request = { query, variables: { ...variables } };
  const { body } = await graphql.executeOperation(request, { contextValue: context });
  if (body.kind !== "single") throw new Error("an incremental answer to a stored document");
  const { data, errors = [] } = body.singleResult;
  const error = errors.find(({ path }) => !data || path === undefined || !mayFailAlone(path));
  if (error !== undefined) {
    const details = (error.extensions?.details ?? []) as FieldFault[];
    throw new Failure(failureKindOfGraphqlCode(error.extensions?.code), { message: error.message, details });
  }
  return data as Data;
}

/** Where a walk by cursor goes on. */
export function setNextLink(response: Response, linked: Linked, { pageInfo }: StoredConnection<unknown>): void {
  const { hasNextPage, endCursor } = pageInfo;
  if (hasNextPage && endCursor !== null) response.setHeader("Link", nextLink(linked, endCursor));
}

export function sendJson(response: Response, answer: object): void {
  const body = JSON.stringify(answer);
  const entityTag = entityTagOf(body);
  response.setHeader("ETag", entityTag);
  if (isKnownTag(entityTag, response.req.headers["if-none-match"])) {
    response.status(304).end();
    return;
  }
  response.setHeader("Content-Type", `${MEDIA_TYPE}; charset=utf-8`);
  response.end(body);
}
