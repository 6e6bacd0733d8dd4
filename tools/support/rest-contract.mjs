import { readFileSync } from "node:fs";
import { Ajv2020 } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";

/**
 * @typedef {object} RestAnswer
 * @property {string} method
 * @property {string} target The path and the query string.
 * @property {number} status
 * @property {Readonly<Record<string, string | undefined>>} headers The response headers by their names in lower case.
 * @property {string} text The decoded body.
 * @property {boolean} [isComplete] Whether all of the body was received. True by default.
 */

const document = JSON.parse(readFileSync(new URL("../../openapi.json", import.meta.url), "utf8"));
const ajv = new Ajv2020({ strict: true, allowUnionTypes: true });
addFormats.default(ajv);
for (const [name, schema] of Object.entries(document.components.schemas))
  ajv.addSchema(strict(schema), `schema:${name}`);

/** GraphQL and the pages for browsers, which are no part of the REST API. */
const OTHER_PATH = /^\/((graphql|graphiql|docs)(\/.*)?|favicon\.\w+|home\.css)?$/i;

/** Headers of HTTP, of CORS and of security, and headers that belong to no single operation. */
const UNLISTED_HEADER =
  /^(allow|connection|content-(encoding|length|security-policy|type)|cross-origin-resource-policy|date|keep-alive|referrer-policy|transfer-encoding|x-content-type-options|access-control-.*)$/;

const ERROR = { $ref: "#/components/schemas/Error" };

/** The operation that ignores unknown parameters beside these. */
const LENIENT = { operation: "listTaskJobs", beside: ["limit", "offset"] };

const resolve = (part) => (part?.$ref === undefined ? part : at(part.$ref));
const at = (pointer) =>
  pointer
    .replace(/^#\//, "")
    .split("/")
    .reduce((part, key) => part[key], document);

/** Express ignores the case of a path and a slash at its end. A path without a parameter has precedence. */
const templates = Object.entries(document.paths)
  .sort(([one], [other]) => one.split("{").length - other.split("{").length)
  .map(([path, { get: operation }]) => ({
    path,
    pattern: new RegExp(`^${path.replaceAll(".", "\\.").replace(/\{\w+\}/g, "[^/]+")}/?$`, "i"),
    operation,
  }));

const codeByStatus = new Map([["405", "METHOD_NOT_ALLOWED"]]);
for (const { operation } of templates)
  for (const [status, response] of Object.entries(operation.responses)) {
    const code = resolve(response).content?.["application/json"]?.example?.error?.code;
    if (code !== undefined) codeByStatus.set(status, code);
  }

const validators = new Map();
function faultOfValue(schema, value) {
  const validate = validators.get(schema) ?? ajv.compile(strict(schema));
  validators.set(schema, validate);
  return validate(value) ? null : ajv.errorsText(validate.errors, { dataVar: "value" });
}

/** A described object has no further keys in this version, although a later one may add some. */
function strict(part) {
  if (Array.isArray(part)) return part.map(strict);
  if (typeof part !== "object" || part === null) return part;
  if (part.$ref !== undefined) return { $ref: part.$ref.replace("#/components/schemas/", "schema:") };
  const copy = Object.fromEntries(Object.entries(part).map(([key, value]) => [key, strict(value)]));
  return copy.type === "object" && copy.properties !== undefined ? { ...copy, unevaluatedProperties: false } : copy;
}

/**
 * Returns what in a response differs from openapi.json. Empty for responses of other APIs.
 * @param {RestAnswer} answer
 * @returns {string[]}
 */
export function faultsOfAnswer(answer) {
  const { method, target, status } = answer;
  const path = target.replace(/^[a-z]+:\/\/[^/?#]*/i, "").split(/[?#]/, 1)[0] || "/";
  if (OTHER_PATH.test(path)) return [];
  const template = templates.find(({ pattern }) => pattern.test(path));
  const isOperation = template !== undefined && (method === "GET" || method === "HEAD");
  const faults = isOperation ? faultsOfOperation(template.operation, answer) : faultsOfRefusal(answer, template);
  const name = isOperation ? `GET ${template.path}` : `${method} ${path}`;
  return faults.map(
    (fault) => `${name}, status ${status}: ${fault}. Change the response, or describe it in openapi.json`,
  );
}

/** Checks a response to an unknown path or method, and to a malformed request. */
function faultsOfRefusal(answer, template) {
  const { method, status, headers, text } = answer;
  if (headers["x-request-id"] === undefined) return ["the header x-request-id is missing"];
  if (template !== undefined && method === "OPTIONS" && status === 204)
    return text === "" && headers.allow === "GET, HEAD, OPTIONS" ? [] : ["OPTIONS must answer Allow and no body"];
  if (template !== undefined && status === 405 && headers.allow !== "GET, HEAD, OPTIONS") return ["Allow is wrong"];
  if (!codeByStatus.has(String(status))) return ["the status is not described"];
  return method === "HEAD" ? [] : faultsOfJson(ERROR, answer);
}

function faultsOfOperation(operation, answer) {
  const { method, status, headers, text, isComplete = true } = answer;
  const response = resolve(operation.responses[status]);
  if (response === undefined) return ["the status is not described"];
  const faults = faultsOfHeaders(response.headers ?? {}, headers);
  if (status < 400 && /^\/api\//i.test(answer.target)) faults.push(...faultsOfParameters(operation, answer.target));
  const type = headers["content-type"]?.split(";", 1)[0] ?? "";
  if (method === "HEAD" || response.content === undefined) return text === "" ? faults : [...faults, "there is a body"];
  const content = response.content[type];
  if (content === undefined) return [...faults, `the media type ${type} is not described`];
  const { schema } = content;
  if (type === "application/x-ndjson") return [...faults, ...faultsOfEach(schema, linesOf(text, isComplete))];
  if (type === "text/event-stream") return [...faults, ...faultsOfEach(schema, eventsOf(text))];
  return type === "application/json" && isComplete ? [...faults, ...faultsOfJson(schema, answer)] : faults;
}

function faultsOfJson(schema, { status, text }) {
  let body;
  try {
    body = JSON.parse(text);
  } catch {
    return ["the body is not JSON"];
  }
  const fault = faultOfValue(schema, body);
  if (fault !== null) return [fault];
  const code = body.error?.code;
  const expected = codeByStatus.get(String(status));
  return code === undefined || code === expected ? [] : [`the code is ${code} instead of ${expected}`];
}

function faultsOfEach({ contentSchema }, values) {
  return values.map((value) => faultOfValue(contentSchema, value)).filter((fault) => fault !== null);
}

function faultsOfHeaders(described, headers) {
  const names = Object.keys(described).map((name) => name.toLowerCase());
  const faults = Object.keys(headers)
    .filter((name) => headers[name] !== undefined && !names.includes(name) && !UNLISTED_HEADER.test(name))
    .map((name) => `the header ${name} is not described`);
  for (const [name, reference] of Object.entries(described)) {
    const { required = false, schema } = resolve(reference);
    const value = headers[name.toLowerCase()];
    if (value === undefined && required) faults.push(`the header ${name} is missing`);
    if (value === undefined) continue;
    const fault = faultOfValue(schema, schema.type === "integer" ? Number(value) : value);
    if (fault !== null) faults.push(`the header ${name}: ${fault}`);
  }
  return faults;
}

/** Checks the parameters of an accepted request: each must be described, with bounds that allow its value. */
function faultsOfParameters({ operationId, parameters }, target) {
  const described = new Map(parameters.map(resolve).flatMap((one) => (one.in === "query" ? [[one.name, one]] : [])));
  // Only a list may have brackets after its name.
  const nameOf = (written) => {
    const name = written.replace(/\[\d*\]$/, "");
    return described.get(name)?.schema.type === "array" ? name : written;
  };
  const given = [...new URLSearchParams(target.replace(/^[^?]*\??/, "").replace(/#.*/, ""))]
    .map(([name, value]) => [nameOf(name), value])
    .filter(([name]) => name !== "_");
  const isLenient = given.every(([name]) => {
    const [start] = name.split("[", 1);
    return LENIENT.beside.includes(start) || !described.has(start);
  });
  const ignoresUnknown = operationId === LENIENT.operation && isLenient;
  return given.flatMap(([name, value]) => {
    const parameter = described.get(name);
    if (parameter === undefined) return ignoresUnknown ? [] : [`the parameter ${name} is not described`];
    const fault = faultOfValue(parameter.schema, parsedValue(parameter, value));
    return fault === null ? [] : [`the parameter ${name}: ${fault}`];
  });
}

function parsedValue({ schema: { type }, explode }, value) {
  if (type === "integer") return Number(value);
  if (type === "boolean") return ["true", "false"].includes(value) ? value === "true" : value;
  if (type !== "array") return value;
  return explode === false ? value.split(",").map((part) => part.trim()) : [value];
}

function linesOf(text, isComplete) {
  const lines = text.split("\n");
  const last = lines.pop();
  return (isComplete && last !== "" ? [...lines, last] : lines).map((line) => JSON.parse(line));
}

/** The complete events of a stream, in the form of the schema `TaskEvent`. */
function eventsOf(text) {
  return text
    .split("\n\n")
    .slice(0, -1)
    .map((block) => block.split("\n").filter((line) => line !== "" && !line.startsWith(":")))
    .filter((lines) => lines.some((line) => !line.startsWith("retry:")))
    .map((lines) => {
      const event = Object.fromEntries(lines.map((line) => line.split(/: ?(.*)/s).slice(0, 2)));
      return { ...event, data: event.data === "" ? null : JSON.parse(event.data) };
    });
}
