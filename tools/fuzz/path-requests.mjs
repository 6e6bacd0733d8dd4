import fc from "fast-check";
import { hostileText } from "./hostile-values.mjs";
import { acceptHeaders, otherHeaders, testCase } from "./requests.mjs";

const KNOWN = /^\/((healthz|readyz|graphql|graphiql)\/?)?$/i;
const STATUSES_OF_KNOWN = [200, 204, 302, 304, 400, 401, 405, 406];

const segment = fc.oneof(
  fc.constantFrom(
    "api",
    "v1",
    "v2",
    "tasks",
    "jobs",
    "healthz",
    "readyz",
    "graphql",
    "graphiql",
    "metrics",
    "assets",
    "..",
    ".",
    "",
  ),
  fc.constantFrom(
    ".env",
    "package.json",
    "server-status",
    "wp-login.php",
    "%2e%2e",
    "%2f",
    "%5c",
    "%00",
    "__proto__",
    ";",
    "jobs;x=1",
  ),
  hostileText.map((text) => encodeURIComponent(Buffer.from(text).toString())),
);

/** Paths similar to the documented ones. Only the documented paths may exist, whatever the method and the credential. */
export function pathArbitrary(/** @type {fc.Arbitrary<any>} */ credentials) {
  return fc
    .record({
      method: fc.constantFrom("GET", "GET", "GET", "HEAD", "POST", "OPTIONS", "DELETE", "TRACE"),
      segments: fc.oneof(
        fc.constantFrom(["healthz"], ["readyz"], ["graphiql"], ["graphql"], [""]),
        fc.array(segment, { minLength: 1, maxLength: 6 }),
      ),
      credentials,
      accept: acceptHeaders,
      others: otherHeaders,
    })
    .map(({ method, segments, credentials, accept, others }) => {
      const target = `/${segments.join("/")}`;
      return testCase({
        kind: "path",
        method,
        target,
        headers: [...credentials.headers, ...accept.headers, ...others.headers],
        viewer: credentials.viewer,
        sent: others.sent,
        judge: ({ status }) => judgePath(target, status),
      });
    });
}

function judgePath(target, status) {
  const isKnown = KNOWN.test(target);
  if (isKnown) return STATUSES_OF_KNOWN.includes(status) ? null : `status ${status}`;
  // The path of a page, with a valid or an invalid task id.
  if (/^\/api\/v1\/tasks\/[^/]+\/jobs\/?$/i.test(target))
    return [204, 400, 401, 404, 405, 406].includes(status) ? null : `status ${status}`;
  return status === 404 || status === 400 ? null : `status ${status} at an unknown path`;
}
