import type { ApolloServerPlugin } from "@apollo/server";
import { Failure, failureKindOfGraphqlCode, RETRY_AFTER_SECONDS } from "../errors.ts";
import { GRAPHQL_RESPONSE } from "./media-types.ts";

const CODES_OF_INVALID_REQUESTS = new Set<unknown>([
  "GRAPHQL_PARSE_FAILED",
  "GRAPHQL_VALIDATION_FAILED",
  "BAD_USER_INPUT",
  // The document has no operation of the requested name.
  "OPERATION_RESOLUTION_FAILURE",
]);

/** For `application/graphql-response+json`, a response with `data: null` has these statuses. NOT_FOUND stays 200. */
const STATUSES_OF_NULL_DATA = new Set<number>([400, 401, 429, 500, 503, 504]);

/**
 * Sets the status that the GraphQL-over-HTTP audits of graphql-http 1.23 require. Clients that accept only
 * `application/json` get 200 for every well-formed request, and clients of the newer media type get 4xx and 5xx.
 */
export const httpStatusPlugin: ApolloServerPlugin = {
  async requestDidStart() {
    return {
      async willSendResponse({ request, response }) {
        if (response.body.kind !== "single") return;
        const { data, errors = [] } = response.body.singleResult;
        const code = errors[0]?.extensions?.code;
        if (code === undefined || data) return;

        const acceptsGraphqlResponse = request.http?.headers.get("accept") === GRAPHQL_RESPONSE;
        if (!acceptsGraphqlResponse) {
          if (CODES_OF_INVALID_REQUESTS.has(code)) response.http.status = 200;
          return;
        }
        if (data === undefined) return;
        const { status } = new Failure(failureKindOfGraphqlCode(code));
        if (STATUSES_OF_NULL_DATA.has(status)) response.http.status = status;
        if (status === 503) response.http.headers.set("Retry-After", String(RETRY_AFTER_SECONDS));
      },
    };
  },
};
