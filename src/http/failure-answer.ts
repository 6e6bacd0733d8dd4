import type { ServerResponse } from "node:http";
import { type Failure, RETRY_AFTER_SECONDS } from "../errors.ts";
import { extensionsOf } from "../graphql/format-error.ts";

/** The one envelope of every error of every REST path. */
export function answerFailure(response: ServerResponse, failure: Failure): void {
  answer(response, failure, "application/json; charset=utf-8", envelopeOf(failure));
}

export function envelopeOf({ restCode, message, details }: Failure): object {
  return { error: { code: restCode, message, details } };
}

/** A refusal before GraphQL was reached, in the shape a GraphQL client reads. */
export function answerGraphqlFailure(response: ServerResponse, failure: Failure): void {
  const accepted = response.req.headers.accept ?? "";
  const type = accepted.includes("application/graphql-response+json") ? "graphql-response+json" : "json";
  answer(response, failure, `application/${type}; charset=utf-8`, {
    errors: [{ message: failure.message, extensions: extensionsOf(failure) }],
  });
}

function answer(response: ServerResponse, failure: Failure, contentType: string, body: object): void {
  if (failure.status === 401) response.setHeader("WWW-Authenticate", "Bearer");
  if (failure.status === 503) response.setHeader("Retry-After", RETRY_AFTER_SECONDS);
  response.statusCode = failure.status;
  response.setHeader("Content-Type", contentType);
  response.end(JSON.stringify(body));
}

export function isGraphqlPath(path: string): boolean {
  return /^\/graphql\/?$/i.test(path);
}
