import fc from "fast-check";
import { jobOf, mayRead, TASKS, taskById } from "./data.mjs";
import { longestList } from "./graphql-oracle.mjs";
import { hostileText, idText, integerText } from "./hostile-values.mjs";
import { acceptHeaders, otherHeaders, testCase } from "./requests.mjs";
import { asSent, integerOf, percentEncoded } from "./rest-requests.mjs";

const MAX_ROWS = 100;
const STATUSES = [200, 204, 304, 400, 401, 404, 405, 406, 503];
const NAMES =
  "limit offset after status email_status deliverability is_role_based is_disposable has_mx_records has_reverse_dns is_catchall " +
  "needs_physical_verify has_unknown_reason has_email domain q created_from created_to updated_since updated_to user_id " +
  "created_after created_before fields sort";

const value = fc.oneof(
  fc.constantFrom(
    "completed",
    "failed",
    "valid",
    "deliverable",
    "created_at_asc",
    "updated_at_desc",
    "true",
    "false",
    "TRUE",
    "fuzz.example",
    "job-",
    "%",
    "_",
    "\\",
  ),
  fc.constantFrom(
    "2025-01-01T00:00:00Z",
    "2025-01-01T00:00:00.123456+02:00",
    "2025-13-01T00:00:00Z",
    "infinity",
    "now",
  ),
  idText,
  integerText,
  hostileText,
);
const parameter = fc
  .tuple(fc.constantFrom(...NAMES.split(" ")), value)
  .map(([name, value]) => ({ name, value: asSent(value), text: `${name}=${percentEncoded(value)}` }));

/** Parameters that do not filter the rows of an export. */
const NO_FILTERS = ["format", "limit", "offset", "after", "user_id", "fields"];

/** `format` may be xml, which the server must refuse. */
const exportPath = (format) => ({
  takesId: true,
  at: (id) => `/api/v1/tasks/${id}/jobs/export`,
  always: [{ name: "format", value: format, text: `format=${format}` }],
  format,
});

/** The same file under the documented path. */
const downloadPath = (format) => ({ ...exportPath(format), at: (id) => `/api/v1/tasks/${id}/download` });

/** A job of one of the tasks, or a text that is not the id of a job. */
const jobId = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...TASKS).map((task) => jobOf(task, 0).id) },
  { weight: 1, arbitrary: idText.filter((text) => text !== "" && text !== "export") },
);
const jobPath = (jobId) => ({
  takesId: true,
  at: (id) => `/api/v1/tasks/${id}/jobs/${percentEncoded(jobId)}`,
  always: [],
  jobId: asSent(jobId).toLowerCase(),
});

/** @type {fc.Arbitrary<{ takesId: boolean, at: (id: string) => string, always: readonly any[], format?: string, jobId?: string }>} */
const path = fc.oneof(
  { weight: 3, arbitrary: fc.constant({ takesId: false, at: () => "/api/v1/tasks", always: [] }) },
  { weight: 3, arbitrary: fc.constant({ takesId: true, at: (id) => `/api/v1/tasks/${id}`, always: [] }) },
  { weight: 5, arbitrary: fc.constant({ takesId: true, at: (id) => `/api/v1/tasks/${id}/jobs`, always: [] }) },
  { weight: 2, arbitrary: jobId.map(jobPath) },
  { weight: 3, arbitrary: fc.constantFrom("ndjson", "csv", "xml").map(exportPath) },
  { weight: 1, arbitrary: fc.constantFrom("ndjson", "csv", "txt", "xml").map(downloadPath) },
);

/** The other documented paths and all filters. Checks that no foreign row is returned, not that every row is. */
export function taskArbitrary(/** @type {fc.Arbitrary<any>} */ credentials) {
  return fc
    .record({
      method: fc.constantFrom("GET", "GET", "GET", "GET", "GET", "HEAD", "DELETE"),
      path,
      id: idText,
      parameters: fc.array(parameter, { maxLength: 5 }),
      credentials,
      accept: acceptHeaders,
      others: otherHeaders,
    })
    .map(({ method, path, id, parameters, credentials, accept, others }) => {
      const given = [...path.always, ...parameters];
      const query = given.map(({ text }) => text).join("&");
      const { viewer } = credentials;
      return testCase({
        kind: "tasks",
        method,
        target: path.at(percentEncoded(id)) + (query === "" ? "" : `?${query}`),
        headers: [...credentials.headers, ...accept.headers, ...others.headers],
        viewer,
        // The number of exports at a time is limited; a further one is 503.
        mayBeBusy: path.format !== undefined,
        sent: [
          id,
          ...(path.jobId === undefined ? [] : [path.jobId]),
          ...given.map(({ value }) => value),
          ...others.sent,
        ],
        judge: (answer) => judgeTasks({ method, viewer, path, id: asSent(id), given }, answer),
      });
    });
}

function judgeTasks({ method, viewer, path, id, given }, { status, text }) {
  if (!STATUSES.includes(status)) return `status ${status}`;
  if (viewer === null && status < 400) return `status ${status} without a credential`;
  if (status !== 200) return null;
  if (path.format === "xml") return "an export in an unknown format";
  // An empty id makes the path of a task the path of the list.
  const takesId = path.takesId && id !== "";
  if (takesId && !mayRead(viewer, taskById.get(id.toLowerCase()))) return "200 for a task that may not be read";
  if (path.jobId !== undefined) return judgeJob({ method, id, jobId: path.jobId }, text);
  if (path.format !== undefined) {
    const isWhole = given.every(({ name }) => NO_FILTERS.includes(name));
    return method === "HEAD" ? null : judgeExport(path.format, { task: taskById.get(id.toLowerCase()), isWhole }, text);
  }
  const limit = integerOf(given, "limit", { fallback: 10, min: 1, max: MAX_ROWS });
  const isPaged = !takesId || path.at("").endsWith("/jobs");
  if (isPaged && limit === null) return "200 for an invalid limit";
  if (method === "HEAD") return null;
  const rows = longestList(JSON.parse(text));
  return isPaged && rows > limit ? `${rows} rows instead of ${limit}` : null;
}

/** The id of another task's job, or of none, must not be found. */
function judgeJob({ method, id, jobId }, text) {
  if (method === "HEAD") return null;
  const job = JSON.parse(text);
  return job.id === jobId && job.task_id === id.toLowerCase() ? null : "another job than the one in the path";
}

/** Checks the number of rows. Every response is also searched for foreign rows. */
function judgeExport(format, { task, isWhole }, text) {
  const lines = text.split("\n").slice(0, -1);
  if (format !== "ndjson") lines.shift();
  else for (const line of lines) if (typeof JSON.parse(line) !== "object") return "a line that is not an object";
  const isRight = isWhole ? lines.length === task.jobs : lines.length <= task.jobs;
  return isRight ? null : `${lines.length} exported rows instead of ${task.jobs}`;
}
