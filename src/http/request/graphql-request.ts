import type { RequestHandler } from "express";
import { Failure, type FieldFault } from "../../errors.ts";
import { EVENT_STREAM, GRAPHQL_TYPES } from "../../graphql/media-types.ts";
import type { ResolveDocument } from "../../graphql/trusted/resolve-document.ts";
import { ONCE_RULE } from "../../paging/parameter-names.ts";
import { hasLoneSurrogate, SURROGATE_RULE } from "../../values/lone-surrogates.ts";
import { acceptedType, type OfferedType } from "./accepted-type.ts";
import { ENCODING_RULE, type QueryParameter, readQueryString } from "./query-string.ts";

const PARAMETERS: ReadonlySet<string> = new Set(["query", "documentId", "operationName", "variables", "extensions"]);
const JSON_PARAMETERS: ReadonlySet<string> = new Set(["variables", "extensions"]);

/** Handles HEAD as GET (RFC 9110, section 9.3.2), because Apollo Server does not support HEAD. Node omits the body. */
export const headAsGet: RequestHandler = (request, response, next) => {
  response.locals.isHead = request.method === "HEAD";
  if (response.locals.isHead) request.method = "GET";
  next();
};

/**
 * Parses the query string of a GET strictly and drops empty parameters, because `operationName=` means no name. Replaces the id
 * of a trusted document by its text.
 */
export function readGraphqlParameters(resolveDocument: ResolveDocument): RequestHandler {
  return (request, _response, next) => {
    if (request.method !== "GET") return next();
    const parameters = readQueryString(request.url).filter(({ name }) => PARAMETERS.has(name));
    const faults = parameters.flatMap(faultsOf);
    const query = new URLSearchParams();
    for (const parameter of parameters) if (!isEmpty(parameter)) query.append(parameter.name, parameter.value ?? "");
    if (query.getAll("documentId").length > 1) faults.push({ field: "documentId", reason: ONCE_RULE });
    if (faults.length > 0) throw Failure.ofFields(faults);
    replaceId(query, resolveDocument);
    request.url = `${request.path}?${query}`;
    next();
  };
}

function replaceId(query: URLSearchParams, resolveDocument: ResolveDocument): void {
  const given = { ...Object.fromEntries(query), extensions: parsedOrText(query.get("extensions") ?? undefined) };
  const resolved = resolveDocument(given);
  if (resolved === given) return;
  query.delete("documentId");
  query.set("extensions", JSON.stringify(resolved.extensions));
  query.set("query", String(resolved.query));
}

/** Apollo Server refuses a text that is not JSON. */
export function parsedOrText(json: string | undefined): unknown {
  if (json === undefined) return undefined;
  try {
    return JSON.parse(json);
  } catch {
    return json;
  }
}

/** Replaces the id of a trusted document in the body by its text. */
export function resolveBody(resolveDocument: ResolveDocument): RequestHandler {
  return (request, _response, next) => {
    const isObject = typeof request.body === "object" && request.body !== null && !Array.isArray(request.body);
    // Apollo Server refuses every other body.
    if (request.method !== "GET" && isObject) request.body = resolveDocument(request.body);
    next();
  };
}

function faultsOf({ name, value }: QueryParameter): FieldFault[] {
  if (value === null) return [{ field: name, reason: ENCODING_RULE }];
  return JSON_PARAMETERS.has(name) && hasLoneSurrogate(value) ? [{ field: name, reason: SURROGATE_RULE }] : [];
}

/** Treats `null` as absent, because many clients send `null` for a parameter that they do not use. */
function isEmpty({ name, value }: QueryParameter): boolean {
  return (value === "" && name !== "query") || (value === "null" && JSON_PARAMETERS.has(name));
}

const OFFERED_TYPES = [...GRAPHQL_TYPES, { type: EVENT_STREAM }];

/** Replaces `Accept` by the chosen media type, so that Apollo Server and the HTTP status agree. */
export const chooseMediaType: RequestHandler = (request, _response, next) => {
  const { accept = "" } = request.headers;
  // A wildcard such as `text/*` does not ask for a stream.
  const offered = accept.toLowerCase().includes(EVENT_STREAM) ? OFFERED_TYPES : GRAPHQL_TYPES;
  const chosen = acceptedType<OfferedType>(accept, offered);
  if (chosen === null) {
    const types = OFFERED_TYPES.map(({ type }) => type).join(" or ");
    throw new Failure("NOT_ACCEPTABLE", { message: `This path can only respond with ${types}` });
  }
  request.headers.accept = chosen.type;
  next();
};
