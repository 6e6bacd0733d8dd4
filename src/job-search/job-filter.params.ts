import { DELIVERABILITIES, type Deliverability } from "../email/deliverability.ts";
import type { FieldFault } from "../errors.ts";
import { spellingIn, spellingsOf } from "../http/request/parameter-names.ts";
import { faultsOfFilter } from "../paging/filter.ts";
import type { JobFilter } from "./job-filter.ts";
import { JOB_STATUSES, type JobStatus } from "./job-record.ts";

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
export const FILTER_SPELLINGS: readonly string[] = FILTER_PARAMETERS.flatMap(spellingsOf);

const LIST_KINDS: ReadonlySet<Kind> = new Set(["words", "statuses", "deliverabilities"]);
export const LIST_PARAMETERS: ReadonlySet<string> = new Set(
  Object.entries(PARAMETERS).flatMap(([parameter, [, kind]]) => (LIST_KINDS.has(kind) ? [parameter] : [])),
);

/** Reads the filter from a query string and ignores other parameters. A reason names the rule and never repeats the value. */
export function readFilterParameters(query: URLSearchParams): { filter: JobFilter; faults: FieldFault[] } {
  const filter: Record<string, unknown> = {};
  const faults: FieldFault[] = [];
  for (const [parameter, [field, kind]] of Object.entries(PARAMETERS)) {
    const { given, faults: faultsOfSpelling } = spellingIn(query, parameter);
    if (given === undefined) continue;
    faults.push(...faultsOfSpelling);
    const read = readValues(query.getAll(given), kind);
    if ("reason" in read) faults.push({ field: given, reason: read.reason });
    else filter[field] = read.value;
  }
  return { filter, faults: [...faults, ...faultsByParameter(filter, query)] };
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
function faultsByParameter(filter: object, query: URLSearchParams): FieldFault[] {
  return faultsOfFilter(filter).map(({ field, reason }) => {
    const parameter = PARAMETER_BY_FIELD.get(field) ?? field;
    return { field: spellingIn(query, parameter).given ?? parameter, reason };
  });
}
