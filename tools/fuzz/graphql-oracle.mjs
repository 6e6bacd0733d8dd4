import { jobAt, mayRead, taskById } from "./data.mjs";
import { argumentOf, isLeftOut } from "./documents.mjs";

const MAX_LIMIT = 100;
const MAX_OFFSET = 2 ** 31 - 1;
const SIZES = ["limit", "first", "last"];
const UNKNOWN = "unknown";

const REFUSAL_CODES = [
  "GRAPHQL_PARSE_FAILED",
  "GRAPHQL_VALIDATION_FAILED",
  "OPERATION_RESOLUTION_FAILURE",
  "BAD_USER_INPUT",
  "BAD_REQUEST",
];
const KNOWN_CODES = [...REFUSAL_CODES, "UNAUTHENTICATED", "NOT_FOUND", "PERSISTED_QUERY_NOT_SUPPORTED"];

/**
 * Checks the response to a valid document: `taskJobs` to the row, and of every other field that its lists are not too long and
 * that no selected field is missing. Returns null or a description of the fault.
 */
export function judgeDocument({ roots }, viewer, { data, errors = [], extensions }) {
  const problem = judgeErrors(errors);
  if (problem !== null) return problem;
  if (errors.some(({ extensions }) => extensions.limit !== undefined)) return data ? "data beyond a limit" : null;

  const fields = [...allFields(roots.items)];
  const verdicts = fields.flatMap((field) =>
    field.args.map(({ argument }) => argumentOf(field, argument.name).isAccepted),
  );
  if (verdicts.includes(false)) return data ? "an argument of a wrong type was accepted" : null;
  if (!verdicts.includes(null)) {
    const executed = roots.items.filter((item) => item.name !== "__typename" && !isLeftOut(item));
    const failures = executed.map((item) => failureOf(item, viewer)).filter((failure) => failure !== null);
    const certain = failures.filter((failure) => failure !== UNKNOWN);
    if (certain.length > 0 && data) return `data instead of ${certain.join(", ")}`;
    if (failures.length > 0 && !failures.includes(UNKNOWN)) {
      const code = errors[0]?.extensions.code;
      return failures.includes(code) ? null : `${code} instead of ${failures.join(", ")}`;
    }
    if (failures.length === 0 && errors.length > 0) return `refused: ${JSON.stringify(errors[0]).slice(0, 300)}`;
  }
  if (!data) return null;
  if (!(extensions?.cost?.requested > 0)) return "no cost is reported";
  return judgeSelection(roots, data, []);
}

/** Checks that every error has a documented code. */
export function judgeErrors(errors) {
  const odd = errors.find(
    ({ message, extensions }) => typeof message !== "string" || !KNOWN_CODES.includes(extensions?.code),
  );
  return odd === undefined ? null : `an error of no known code: ${JSON.stringify(odd).slice(0, 300)}`;
}

/** The error code that a root field must lead to, or null. */
function failureOf(item, viewer) {
  if (!isUnfilteredPage(item)) return UNKNOWN;
  const { limit, offset, task } = pageOf(item);
  const isInBounds = limit >= 1 && limit <= MAX_LIMIT && offset >= 0 && offset <= MAX_OFFSET;
  if (!isInBounds) return "BAD_USER_INPUT";
  return mayRead(viewer, task) ? null : "NOT_FOUND";
}

const TASK_JOBS_ARGUMENTS = ["taskId", "limit", "offset"];

const isUnfilteredPage = ({ name, args }) =>
  name === "taskJobs" && args.every(({ argument }) => TASK_JOBS_ARGUMENTS.includes(argument.name));

const pageOf = (item) => ({
  limit: argumentOf(item, "limit").value,
  offset: argumentOf(item, "offset").value,
  task: taskById.get(argumentOf(item, "taskId").value.toLowerCase()),
});

function* allFields(items) {
  for (const item of items) {
    if (item.field !== undefined) yield item;
    if (item.selection !== null) yield* allFields(item.selection.items);
  }
}

function judgeSelection({ items }, value, path) {
  for (const item of items) {
    if (isLeftOut(item)) continue;
    const at = [...path, item.key];
    if (!(item.key in value)) return `nothing at ${at.join(".")}`;
    const problem = judgeField(item, value[item.key], at);
    if (problem !== null) return problem;
  }
  return null;
}

function judgeField(item, answered, at) {
  if (answered === null || item.field === undefined) return null;
  const size = sizeOf(item);
  const long = size === null ? undefined : listsIn(answered).find((list) => list.length > size);
  if (long !== undefined) return `${long.length} rows instead of ${size} at ${at.join(".")}`;
  if (item.selection === null) return null;
  if (at.length === 1 && isUnfilteredPage(item)) {
    const problem = judgePage(item, answered);
    if (problem !== null) return `${problem} at ${at.join(".")}`;
  }
  for (const row of Array.isArray(answered) ? answered : [answered]) {
    const problem = row === null ? null : judgeSelection(item.selection, row, at);
    if (problem !== null) return problem;
  }
  return null;
}

function sizeOf(item) {
  const sizes = SIZES.filter((name) => item.field.args.some((argument) => argument.name === name))
    .map((name) => argumentOf(item, name).value)
    .filter((value) => typeof value === "number");
  return sizes.length === 0 ? null : Math.max(...sizes);
}

const listsIn = (answered) => [answered, ...Object.values(answered)].filter((value) => Array.isArray(value));

function judgePage(item, answered) {
  const { limit, offset, task } = pageOf(item);
  if (task === undefined) return "data of an unknown task";
  const expected = { limit, offset, count: task.jobs };
  for (const { key, name, selection, ...part } of item.selection.items) {
    if (isLeftOut(part)) continue;
    if (name in expected && answered[key] !== expected[name])
      return `${name} ${answered[key]} instead of ${expected[name]}`;
    if (name !== "jobs") continue;
    const rows = Math.max(0, Math.min(limit, task.jobs - offset));
    if (answered[key].length !== rows) return `${answered[key].length} rows instead of ${rows}`;
    const wrong = answered[key].findIndex((row, index) => {
      const { id, emailAddress } = jobAt(task, offset + index);
      return !hasFields(row, selection.items, { id, taskId: task.id, emailAddress });
    });
    if (wrong !== -1) return `row ${wrong} is the wrong job`;
  }
  return null;
}

function hasFields(row, items, expected) {
  return items.every((item) => isLeftOut(item) || !(item.name in expected) || row[item.key] === expected[item.name]);
}

/** The length of the longest list in a response, except for introspection. */
export function longestList(value) {
  if (Array.isArray(value)) return Math.max(value.length, ...value.map(longestList));
  if (typeof value !== "object" || value === null) return 0;
  return Math.max(0, ...Object.entries(value).map(([name, part]) => (name === "__schema" ? 0 : longestList(part))));
}
