import type { ApolloServerPlugin } from "@apollo/server";
import type { GraphQLFormattedError } from "graphql";
import { MAX_ERROR_BYTES } from "./limits.ts";

/** Keeps the response to a refused document short. */
export const shortRefusals: ApolloServerPlugin = {
  async requestDidStart() {
    return {
      async willSendResponse({ request, response: { body } }) {
        if (body.kind !== "single" || request.http === undefined) return;
        const { singleResult: answer } = body;
        if (answer.data === undefined) answer.errors = firstThatFit(answer.errors ?? []);
      },
    };
  },
};

function firstThatFit(errors: readonly GraphQLFormattedError[]): readonly GraphQLFormattedError[] {
  let bytes = 0;
  return errors.filter((error, index) => {
    bytes += Buffer.byteLength(JSON.stringify(error));
    return index === 0 || bytes <= MAX_ERROR_BYTES;
  });
}
