import type { ApolloServerPlugin } from "@apollo/server";
import { GraphQLError } from "graphql";
import { MAX_ANSWER_BYTES, MAX_NAME_BYTES, PUNCTUATION_OF_A_NAME } from "./limits.ts";
import type { SizeOfOperation } from "./query-cost.ts";

/**
 * Limits the bytes of a response to a caller's document: the names, which the caller chooses, before any row is read, and
 * the values before the response is serialized. The limits of a page and of a text (`src/values/text-limit.ts`) keep the
 * responses of stored REST documents below this limit.
 */
export function answerSizeLimit(sizeOfOperation: SizeOfOperation): ApolloServerPlugin {
  return {
    async requestDidStart({ request: { http } }) {
      if (http === undefined) return;
      return {
        async didResolveOperation({ document, operation, request }) {
          if (operation === undefined) return;
          const nameBytes = sizeOfOperation(document, operation).nameBytes(request.variables ?? {});
          if (nameBytes > MAX_NAME_BYTES) throw tooManyNameBytes(nameBytes);
        },
        async willSendResponse({ response: { body } }) {
          if (body.kind !== "single") return;
          const { singleResult: answer } = body;
          if (isWithin(MAX_ANSWER_BYTES, [answer.data, answer.errors])) return;
          answer.data = null;
          answer.errors = [tooManyAnswerBytes().toJSON()];
        },
      };
    },
  };
}

function tooManyNameBytes(nameBytes: number): GraphQLError {
  return refusal(
    `The field names could take ${nameBytes} bytes of the response, and the limit is ${MAX_NAME_BYTES}: use shorter aliases or request fewer rows or fields`,
    { name: "nameBytes", allowed: MAX_NAME_BYTES },
  );
}

function tooManyAnswerBytes(): GraphQLError {
  return refusal(
    `The response has more than ${MAX_ANSWER_BYTES} bytes, which is the limit: request fewer rows or fields`,
    {
      name: "answerBytes",
      allowed: MAX_ANSWER_BYTES,
    },
  );
}

function refusal(message: string, limit: { readonly name: string; readonly allowed: number }): GraphQLError {
  return new GraphQLError(message, { extensions: { code: "BAD_USER_INPUT", http: { status: 400 }, limit } });
}

/** Texts up to this length are counted by their characters, because the exact count is slow and differs little. */
const SHORT_TEXT = 256;

/** Whether the value has at most `maxBytes` as JSON. Stops at the limit, and does not serialize the value. */
function isWithin(maxBytes: number, value: unknown): boolean {
  let bytes = 0;

  function add(part: unknown): boolean {
    if (typeof part === "string") bytes += (part.length > SHORT_TEXT ? Buffer.byteLength(part) : part.length) + 3;
    else if (typeof part !== "object" || part === null) bytes += 5;
    else if (Array.isArray(part)) {
      for (const element of part) if (!add(element)) return false;
    } else {
      const record = part as Readonly<Record<string, unknown>>;
      for (const name in record) {
        bytes += name.length + PUNCTUATION_OF_A_NAME;
        if (!add(record[name])) return false;
      }
    }
    return bytes <= maxBytes;
  }

  return add(value);
}
