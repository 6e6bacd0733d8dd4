import fc from "fast-check";
import { jobAt, mayRead, taskById } from "./data.mjs";
import { hostileText, idText, integerText } from "./hostile-values.mjs";
import { acceptHeaders, otherHeaders, testCase } from "./requests.mjs";

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const MAX_OFFSET = 2 ** 31 - 1;

const percentByte = (byte) => `%${byte.toString(16).padStart(2, "0").toUpperCase()}`;
/** Encodes every byte that is not in `keep`. By default these are the bytes that could end or change a part of a URL. */
export function percentEncoded(text, keep = /[A-Za-z0-9._~:!*'()-]/) {
  return Array.from(Buffer.from(text), (byte) => {
    const letter = String.fromCharCode(byte);
    return keep.test(letter) ? letter : percentByte(byte);
  }).join("");
}

/** The text that the server decodes, in which lone surrogates are replaced. */
export const asSent = (text) => Buffer.from(text).toString();

const plainEncoding = (text) => percentEncoded(text);
const fullEncoding = (text) => percentEncoded(text, /^$/);
const encoding = fc.oneof(
  { weight: 9, arbitrary: fc.constant(plainEncoding) },
  { weight: 1, arbitrary: fc.constant(fullEncoding) },
);

const named = (name, value) =>
  fc.tuple(fc.constant(name), value, encoding).map(([name, value, encode]) => ({
    name,
    value: asSent(value),
    text: `${encode(name)}=${encode(value)}`,
  }));
/** A plus means a space, and text that cannot be decoded stays unchanged. Neither is a digit. */
const undecoded = fc
  .constantFrom(
    "limit=+5",
    "offset=+5",
    "limit=5+",
    "limit=%zz",
    "limit=%",
    "offset=%E0%A4%A",
    "limit",
    "limit=",
    "offset",
  )
  .map((text) => ({ name: text.split("=")[0], value: "?", text }));
const unknown = fc
  .oneof(
    fc.constantFrom(
      "Limit=0",
      "limit[]=0",
      "limit[a]=0",
      "limit.a=0",
      "__proto__[limit]=0",
      "constructor=1",
      "&&",
      "=",
      "api_key=x",
      "id=1",
    ),
    fc.tuple(hostileText, hostileText).map(([name, value]) => `x${percentEncoded(name)}=${percentEncoded(value)}`),
  )
  .map((text) => ({ name: "", value: "", text }));

/** @type {fc.Arbitrary<readonly any[]>} */
const parameters = fc.oneof(
  { weight: 2, arbitrary: fc.constant([]) },
  {
    weight: 8,
    arbitrary: fc.tuple(named("limit", integerText), named("offset", integerText)).map((pair) => [...pair]),
  },
  {
    weight: 3,
    arbitrary: fc.array(fc.oneof(named("limit", integerText), named("offset", integerText), undecoded, unknown), {
      maxLength: 4,
    }),
  },
);

/** The value of an integer parameter, or null if the server must refuse it. */
export function integerOf(parameters, name, { fallback, min, max }) {
  const values = parameters.filter((parameter) => parameter.name === name).map(({ value }) => value);
  if (values.length === 0) return fallback;
  const isRight =
    values.length === 1 && /^[0-9]+$/.test(values[0]) && Number(values[0]) >= min && Number(values[0]) <= max;
  return isRight ? Number(values[0]) : null;
}

const method = fc.oneof(
  { weight: 90, arbitrary: fc.constant("GET") },
  { weight: 6, arbitrary: fc.constant("HEAD") },
  {
    weight: 4,
    arbitrary: fc.constantFrom("POST", "PUT", "PATCH", "DELETE", "TRACE", "OPTIONS", "PROPFIND", "M-SEARCH"),
  },
);

const pathAround = fc.oneof(
  { weight: 20, arbitrary: fc.constant((segment) => `/api/v1/tasks/${segment}/jobs`) },
  { weight: 1, arbitrary: fc.constant((segment) => `/API/V1/Tasks/${segment}/Jobs/`) },
  // A request target may contain a host, which the server ignores.
  { weight: 1, arbitrary: fc.constant((segment) => `http://elsewhere.example:80/api/v1/tasks/${segment}/jobs`) },
);

/** Requests to the documented endpoint with all notations of ids, parameters and credentials, and their expected responses. */
export function restArbitrary(/** @type {fc.Arbitrary<any>} */ credentials) {
  return fc
    .record({
      method,
      pathAround,
      id: idText,
      encode: encoding,
      parameters,
      credentials,
      accept: acceptHeaders,
      others: otherHeaders,
    })
    .map(({ method, pathAround, id, encode, parameters, credentials, accept, others }) => {
      const query = parameters.map(({ text }) => text).join("&");
      const target = pathAround(encode(id)) + (query === "" ? "" : `?${query}`);
      const wanted = {
        id: asSent(id),
        limit: integerOf(parameters, "limit", { fallback: 10, min: 1, max: 100 }),
        offset: integerOf(parameters, "offset", { fallback: 0, min: 0, max: MAX_OFFSET }),
      };
      const { viewer } = credentials;
      return testCase({
        kind: "rest",
        method,
        target,
        headers: [...credentials.headers, ...accept.headers, ...others.headers],
        viewer,
        sent: [id, ...parameters.map(({ value }) => value), ...others.sent],
        judge: (answer) => judgeRest({ method, viewer, wanted, accepts: accept.json }, answer),
      });
    });
}

function expectedStatus({ method, viewer, wanted, accepts }) {
  // An empty segment makes a different path.
  if (wanted.id === "") return [404];
  if (method === "OPTIONS") return [204];
  if (method !== "GET" && method !== "HEAD") return [405];
  if (viewer === null) return [401];
  if (accepts === false) return [406];
  if (!UUID.test(wanted.id) || wanted.limit === null || wanted.offset === null) return [400];
  return mayRead(viewer, taskById.get(wanted.id.toLowerCase())) ? [200] : [404];
}

function judgeRest(request, { status, headers, text }) {
  const expected = expectedStatus(request);
  // It is unknown whether a random Accept header allows JSON.
  if (request.accepts === null) expected.push(406);
  if (!expected.includes(status)) return `status ${status} instead of ${expected.join(" or ")}`;
  if (status === 401 && headers.get("www-authenticate") !== "Bearer") return "401 without WWW-Authenticate";
  if (request.method === "HEAD" || status === 204) return null;
  const body = JSON.parse(text);
  return status === 200 ? judgePage(request.wanted, body) : judgeEnvelope(body);
}

function judgeEnvelope({ error, ...more }) {
  const { code, message, details, ...extra } = error;
  const isEnvelope = typeof code === "string" && typeof message === "string" && Array.isArray(details);
  return isEnvelope && Object.keys({ ...more, ...extra }).length === 0 ? null : "not the error envelope";
}

function judgePage({ id, limit, offset }, page) {
  const task = taskById.get(id.toLowerCase());
  if (task === undefined) return "a page of an unknown task";
  const rows = Math.max(0, Math.min(limit, task.jobs - offset));
  if (page.limit !== limit || page.offset !== offset) return "limit or offset differs from the request";
  if (page.count !== task.jobs) return `count ${page.count} instead of ${task.jobs}`;
  if (page.jobs.length !== rows) return `${page.jobs.length} rows instead of ${rows}`;
  const wrong = page.jobs.findIndex((job, place) => {
    const expected = jobAt(task, offset + place);
    return (
      job.id !== expected.id ||
      job.email_address !== expected.emailAddress ||
      job.email?.id !== (expected.emailId ?? undefined)
    );
  });
  return wrong === -1 ? null : `row ${wrong} is the wrong job`;
}
