import { readFileSync } from "node:fs";
import type { Request, Response } from "express";
import type { GraphQLFormattedError } from "graphql";
import type { Authenticate } from "../auth/authenticate.ts";
import type { RequestContext, RequestDetails } from "../context.ts";
import { Failure, type FieldFault, failureKindOfGraphqlCode } from "../errors.ts";
import type { GraphqlServer } from "../graphql/server.ts";
import type { BeginReads } from "./consistency.ts";
import { acceptedType } from "./request/accepted-type.ts";
import { sendRevalidated } from "./response/entity-tag.ts";
import { type LinkTarget, nextLink } from "./response/link-header.ts";
import type { LiveUpdates } from "./stream/create-live-updates.ts";

const MEDIA_TYPE = "application/json";

/** The services that every REST route uses. */
export interface RestApi {
  readonly graphql: GraphqlServer;
  readonly authenticate: Authenticate;
  readonly createContext: (request: RequestDetails) => RequestContext;
  /** Undefined without replicas. */
  readonly beginReads: BeginReads | undefined;
  readonly live: LiveUpdates;
}

export interface StoredDocument {
  readonly query: string;
  /** Returns true for the path of an error that makes a single field null and does not fail the request. */
  readonly mayFailAlone: (path: readonly (string | number)[]) => boolean;
}

/** A connection with the fields that stored documents select. */
export interface StoredConnection<Node> {
  readonly nodes: readonly Node[];
  readonly totalCount: number;
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
}

/** The texts of all stored documents, which are executed even if callers may send only trusted documents. */
const storedTexts = new Set<string>();

export const isStoredDocument = (text: string): boolean => storedTexts.has(text);

/** Reads a stored document from files beside the route: its operation and the fragments that it uses. */
export function storedDocument(
  base: string,
  files: readonly string[],
  mayFailAlone: StoredDocument["mayFailAlone"] = () => false,
): StoredDocument {
  const query = files.map((file) => readFileSync(new URL(file, base), "utf8")).join("\n");
  storedTexts.add(query);
  return { query, mayFailAlone };
}

/** Authenticates the request and checks `Accept` before anything else, so that 401 comes first and 406 second. */
export async function startRestRequest(api: RestApi, request: Request, response: Response): Promise<RequestContext> {
  const { requestId, deadline } = response.locals;
  const viewer = await api.authenticate(request, deadline);
  if (acceptedType(request.headers.accept, [{ type: MEDIA_TYPE }]) === null) throw new Failure("NOT_ACCEPTABLE");
  api.beginReads?.(request, response);
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
  if (body.kind !== "single") throw new Error("A stored document must not have an incremental response");
  return dataOf(body.singleResult, mayFailAlone);
}

interface StoredResult {
  readonly data?: unknown;
  readonly errors?: readonly GraphQLFormattedError[];
}

/** Returns the data of a result of a stored document. Throws the first error that may not fail alone. */
export function dataOf<Data>({ data, errors = [] }: StoredResult, mayFailAlone: StoredDocument["mayFailAlone"]): Data {
  const error = errors.find(({ path }) => !data || path === undefined || !mayFailAlone(path));
  if (error !== undefined) {
    const details = (error.extensions?.details ?? []) as FieldFault[];
    throw new Failure(failureKindOfGraphqlCode(error.extensions?.code), { message: error.message, details });
  }
  return data as Data;
}

/** Adds the `Link` to the next page by cursor. */
export function setNextLink(response: Response, target: LinkTarget, { pageInfo }: StoredConnection<unknown>): void {
  const { hasNextPage, endCursor } = pageInfo;
  if (hasNextPage && endCursor !== null) response.setHeader("Link", nextLink(target, endCursor));
}

/** Sends JSON with an entity tag, or 304 if the client already has this version. */
export function sendJson(response: Response, value: object): void {
  sendRevalidated(response, { type: MEDIA_TYPE, body: JSON.stringify(value) });
}
