import type { ExecutionResult, GraphQLError } from "graphql";
import { RequestFailure } from "../errors.ts";

/** The first error that fails the whole request, such as a failed batch of emails. */
export function requestFailureIn(errors: readonly GraphQLError[] | undefined): GraphQLError | undefined {
  return errors?.find(({ originalError }) => originalError instanceof RequestFailure);
}

/** Removes the data if the whole request failed, so that the response is the same as after a failed page. */
export function withoutDataOfFailedRequest(result: ExecutionResult): ExecutionResult {
  const failure = requestFailureIn(result.errors);
  return failure === undefined ? result : { data: null, errors: [failure] };
}
