import type { ServerResponse } from "node:http";
import { type Failure, RETRY_AFTER_SECONDS } from "../../errors.ts";
import { extensionsOf } from "../../graphql/format-error.ts";
import { GRAPHQL_TYPES } from "../../graphql/media-types.ts";
import { acceptedType } from "../request/accepted-type.ts";

/** The parts of a request that decide the format of an error response. */
interface FailedRequest {
  /** The path and the query string. */
  readonly url: string;
  readonly accept: string | undefined;
}

/** Returns GraphQL `errors` for /graphql, and the REST error object for every other path. */
export function failureBody(failure: Failure, { url, accept }: FailedRequest): { contentType: string; body: string } {
  const isGraphql = isBelowGraphql(url);
  const { type } = (isGraphql && acceptedType(accept, GRAPHQL_TYPES)) || GRAPHQL_TYPES[0];
  const body = isGraphql ? graphqlBodyOf(failure) : restBodyOf(failure);
  return { contentType: `${type}; charset=utf-8`, body: JSON.stringify(body) };
}

export function sendFailure(response: ServerResponse, failure: Failure): void {
  const { url = "", headers } = response.req;
  const { contentType, body } = failureBody(failure, { url, accept: headers.accept });
  if (failure.status === 401) response.setHeader("WWW-Authenticate", "Bearer");
  if (failure.status === 503) response.setHeader("Retry-After", RETRY_AFTER_SECONDS);
  response.statusCode = failure.status;
  response.setHeader("Content-Type", contentType);
  response.end(body);
}

function restBodyOf({ restCode, message, details }: Failure): object {
  return { error: { code: restCode, message, details } };
}

function graphqlBodyOf(failure: Failure): object {
  return { errors: [{ message: failure.message, extensions: extensionsOf(failure) }] };
}

export function isGraphqlPath(path: string): boolean {
  return /^\/graphql\/?$/i.test(path);
}

/** Includes unknown paths below /graphql, because a client with a wrong path also expects a GraphQL response. */
function isBelowGraphql(url: string): boolean {
  return /^\/graphql([/?#]|$)/i.test(url);
}
