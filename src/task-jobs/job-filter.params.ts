import { DELIVERABILITIES, type Deliverability } from "../email/email.ts";
import type { FieldFault } from "../errors.ts";
import { faultsOfFilter } from "../filter.ts";
import type { JobFilter } from "./job-filter.ts";
import { JOB_STATUSES, type JobStatus } from "./task-job.ts";

const STATUS_BY_WORD = new Map<string, JobStatus>(JOB_STATUSES.map((status) => [status, status]));
const DELIVERABILITY_BY_WORD = new Map<string, Deliverability>(
  DELIVERABILITIES.map((folded) => [folded.toLowerCase(), folded]),
);
const BOOLEAN_BY_WORD = new Map([
  ["true", true],
  ["false", false],
]);

type Kind = "words" | "statuses" | "deliverabilities" | "boolean" | "text" | "moment";

/** Each parameter, the field of the filter it is, and how it is read. */
const PARAMETERS = {
  status: ["status", "statuses"],
  email_status: ["emailStatus", "words"],
  deliverability: ["deliverability", "deliverabilities"],
  is_role_based: ["isRoleBased", "boolean"],
  is_disposable: ["isDisposable", "boolean"],
  has_mx_records: ["hasMxRecords", "boolean"],
  has_reverse_dns: ["hasReverseDns", "boolean"],
  is_catchall: ["isCatchall", "boolean"],
  needs_physical_verify: ["needsPhysicalVerify", "boolean"],
  has_unknown_reason: ["hasUnknownReason", "boolean"],
  has_email: ["hasEmail", "boolean"],
  domain: ["domain", "words"],
  q: ["addressContains", "text"],
  created_from: ["createdFrom", "moment"],
  created_to: ["createdTo", "moment"],
  updated_since: ["updatedFrom", "moment"],
  updated_to: ["updatedTo", "moment"],
} as const satisfies Record<string, readonly [keyof JobFilter, Kind]>;

export const FILTER_PARAMETERS: readonly string[] = Object.keys(PARAMETERS);

/** The filter of a query string. A reason names the rule and never the value; unknown parameters are not ours. */
export function readFilterParameters(query: URLSearchParams): { filter: JobFilter; faults: FieldFault[] } {
  const filter: Record<string, unknown> = {};
  const faults: FieldFault[] = [];
  for (const [parameter, [field, kind]] of Object.entries(PARAMETERS)) {
    const values = query.getAll(parameter);
    if (values.length === 0) continue;
    const read = readValues(values, kind);
    if ("reason" in read) faults.push({ field: parameter, reason: read.reason });
    else filter[field] = read.value;
  }
  return { filter, faults: [...faults, ...faultsByParameter(filter)] };
}

type Read = { readonly value: unknown } | { readonly reason: string };

function readValues(values: readonly string[], kind: Kind): Read {
  if (kind === "words") return values.includes("") ? { reason: "must not be empty" } : { value: values };
  if (kind === "statuses") return readWords(values, STATUS_BY_WORD);
  if (kind === "deliverabilities") return readWords(values, DELIVERABILITY_BY_WORD);

  const [value = ""] = values;
  if (values.length > 1) return { reason: "must not be given more than once" };
  if (kind === "boolean") {
    const flag = BOOLEAN_BY_WORD.get(value);
    return flag === undefined ? { reason: "must be true or false" } : { value: flag };
  }
  return kind === "text" && value === "" ? { reason: "must not be empty" } : { value };
}

function readWords(values: readonly string[], meanings: ReadonlyMap<string, string>): Read {
  const meant = values.map((word) => meanings.get(word));
  return meant.includes(undefined) ? { reason: `must be one of ${[...meanings.keys()].join(", ")}` } : { value: meant };
}

const PARAMETER_BY_FIELD = new Map(
  Object.entries(PARAMETERS).map(([parameter, [field]]) => [`filter.${field}`, parameter]),
);

/** The limits of every filter, with the parameter's name instead of the field's. */
function faultsByParameter(filter: object): FieldFault[] {
  return faultsOfFilter(filter).map(({ field, reason }) => ({ field: PARAMETER_BY_FIELD.get(field) ?? field, reason }));
}
