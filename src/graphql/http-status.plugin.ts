import type { ApolloServerPlugin } from "@apollo/server";
import { Failure, failureKindOfGraphqlCode, RETRY_AFTER_SECONDS } from "../errors.ts";
import { GRAPHQL_RESPONSE } from "./media-types.ts";

const CODES_OF_A_REFUSED_DOCUMENT = new Set<unknown>([
  "GRAPHQL_PARSE_FAILED",
  "GRAPHQL_VALIDATION_FAILED",
  "BAD_USER_INPUT",
  // The document has no operation of the requested name.
  "OPERATION_RESOLUTION_FAILURE",
]);

/** With the new media type an answer without data wears the status of these failures; NOT_FOUND stays 200. */
const STATUS_OF_NO_DATA = new Set<number>([400, 401, 429, 500, 503, 504]);

/**
 * The status of an answer as the GraphQL-over-HTTP audits ask for it: a client that accepts only `application/json`
 * reads the body of a 200, one that knows the newer media type gets a real code. Pinned to graphql-http's audit suite
 * 1.23; the draft itself has moved on.
 */
export const httpStatusPlugin: ApolloServerPlugin = {
  async requestDidStart() {
    return {
      async willSendResponse({ request, response }) {
        if (response.body.kind !== "single") return;
        const { data, errors = [] } = response.body.singleResult;
        const code = errors[0]?.extensions?.code;
        if (code === undefined || data) return;

        const understandsCodes = request.http?.headers.get("accept") === GRAPHQL_RESPONSE;
        if (!understandsCodes) {
          if (CODES_OF_A_REFUSED_DOCUMENT.has(code)) response.http.status = 200;
          return;
        }
        if (data === undefined) return;
        const { status } = new Failure(failureKindOfGraphqlCode(code));
        if (STATUS_OF_NO_DATA.has(status)) response.http.status = status;
        if (status === 503) response.http.headers.set("Retry-After", String(RETRY_AFTER_SECONDS));
      },
    };
  },
};
