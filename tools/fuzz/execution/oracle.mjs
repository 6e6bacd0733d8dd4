import { execute, GraphQLError, getOperationAST } from "graphql";
import { Failure } from "#server/errors.js";

/** The maximum length of an error's message and of its list of locations. */
const MAX_MESSAGE_LENGTH = 300;
const MAX_LOCATIONS = 4;
const ARGUMENT_FAULT = /^Argument "\w+" /;

/**
 * The response of graphql-js alone to a valid document, with the errors that a caller may see.
 * @param {{ schema: import("graphql").GraphQLSchema, document: import("graphql").DocumentNode }} served
 * @param {{ variables: any, operationName?: string }} request
 */
export async function expectedAnswer({ schema, document }, { variables, operationName }, contextValue) {
  const result = await execute({
    schema,
    document,
    contextValue,
    variableValues: variables,
    operationName,
    options: { maxCoercionErrors: 8 },
  });
  const isChosen = getOperationAST(document, operationName) !== null;
  const errors = result.errors?.map((error) => visibleError(error, isChosen));
  return answerText({ data: result.data, errors });
}

/**
 * The parts of a response that must be equal, in the order of their keys.
 * @param {{ data?: unknown, errors?: readonly any[] | undefined }} response
 */
export function answerText({ data, errors = [] }) {
  return JSON.stringify({
    data,
    errors: errors.map(({ message, path, locations, extensions }) => ({
      message,
      path,
      locations,
      code: extensions?.code,
    })),
  });
}

function visibleError({ message, path, locations, originalError }, isChosen) {
  const wrong = originalError instanceof GraphQLError ? originalError : undefined;
  if (path === undefined && !ARGUMENT_FAULT.test(message)) {
    return refused({ message, locations }, isChosen ? "BAD_USER_INPUT" : "OPERATION_RESOLUTION_FAILURE");
  }
  if (ARGUMENT_FAULT.test(message) && (wrong !== undefined || path === undefined)) {
    return refused({ message, path, locations }, "BAD_USER_INPUT");
  }
  const failure = originalError instanceof Failure ? originalError : new Failure("INTERNAL");
  return { message: failure.message, path, locations, extensions: { code: failure.graphqlCode } };
}

/**
 * @param {{ message: string, path?: any, locations: any }} error
 * @param {string} code
 */
function refused({ message, path, locations }, code) {
  const shown = message.length <= MAX_MESSAGE_LENGTH ? message : `${message.slice(0, MAX_MESSAGE_LENGTH)}…`;
  return { message: shown, path, locations: locations?.slice(0, MAX_LOCATIONS), extensions: { code } };
}
