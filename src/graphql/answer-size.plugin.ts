import type { ApolloServerPlugin } from "@apollo/server";
import { GraphQLError, type GraphQLSchema, type OperationDefinitionNode } from "graphql";
import { nameBytesOfOperation } from "./limit-cost.ts";
import { MAX_ANSWER_BYTES, MAX_NAME_BYTES } from "./limits.ts";

type NameBytesOf = ReturnType<typeof nameBytesOfOperation>;

/**
 * Bounds the bytes of an answer, for GraphQL and for the stored documents of REST. Names are chosen by the caller and
 * are counted before anything is read. Values are counted before the answer becomes text.
 */
export function answerSizeLimit(schema: GraphQLSchema): ApolloServerPlugin {
  /** A weak map, so that a formula is dropped together with its document. */
  const formulas = new WeakMap<OperationDefinitionNode, NameBytesOf>();

  return {
    async requestDidStart() {
      return {
        async didResolveOperation({ document, operation, request }) {
          if (operation === undefined) return;
          const nameBytesOf = formulas.get(operation) ?? nameBytesOfOperation(schema, document, operation);
          formulas.set(operation, nameBytesOf);
          const nameBytes = nameBytesOf(request.variables ?? {});
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
    `The names of the fields could take ${nameBytes} bytes of the answer, and the limit is ${MAX_NAME_BYTES}: use shorter aliases or ask for less`,
    { name: "nameBytes", allowed: MAX_NAME_BYTES },
  );
}

function tooManyAnswerBytes(): GraphQLError {
  return refusal(
    `The answer has more than ${MAX_ANSWER_BYTES} bytes, which is the limit: ask for fewer rows or fields`,
    {
      name: "answerBytes",
      allowed: MAX_ANSWER_BYTES,
    },
  );
}

function refusal(message: string, limit: { readonly name: string; readonly allowed: number }): GraphQLError {
  return new GraphQLError(message, { extensions: { code: "BAD_USER_INPUT", http: { status: 400 }, limit } });
}

/** Longer texts are measured exactly; a short one may have up to three bytes in each character. */
const SHORT_TEXT = 256;
const PUNCTUATION_OF_A_NAME = 4;

/** Whether the value takes at most so many bytes as JSON. Stops at the limit, and builds no text. */
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
