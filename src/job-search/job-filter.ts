import { DELIVERABILITIES } from "../email/deliverability.ts";
import type { FieldFault } from "../errors.ts";
import { faultsOfFilter } from "../paging/filter.ts";
import { ONCE_RULE, spellingIn, spellingsOf } from "../paging/parameter-names.ts";
import { JOB_STATUSES } from "./job-record.ts";

type ReadResult<Value> = { readonly value: Value } | { readonly reason: string };

/** The REST parameter of a field, and how its values are read. The reason of a fault never repeats the value. */
interface FilterField<Value> {
  readonly parameter: string;
  readonly isList: boolean;
  readonly read: (values: readonly string[]) => ReadResult<Value>;
}

/**
 * The fields combine with AND and the values of a list with OR, so an empty list matches nothing, and an absent field or
 * null matches everything. Conditions on the email match only jobs that have one.
 */
const FIELDS = {
  status: listOf("status", JOB_STATUSES),
  emailStatus: texts("email_status"),
  deliverability: listOf("deliverability", DELIVERABILITIES),
  isRoleBased: flag("is_role_based"),
  isDisposable: flag("is_disposable"),
  hasMxRecords: flag("has_mx_records"),
  hasReverseDns: flag("has_reverse_dns"),
  isCatchall: flag("is_catchall"),
  needsPhysicalVerify: flag("needs_physical_verify"),
  hasUnknownReason: flag("has_unknown_reason"),
  hasEmail: flag("has_email"),
  domain: texts("domain"),
  addressContains: text("q"),
  createdFrom: timestamp("created_from"),
  createdTo: timestamp("created_to"),
  updatedFrom: timestamp("updated_since"),
  updatedTo: timestamp("updated_to"),
};

type ValueOf<Field> = Field extends FilterField<infer Value> ? Value : never;

/** The fields of `TaskJobFilter` with the values of the database: statuses are in lower case. */
export type JobFilter = { readonly [Name in keyof typeof FIELDS]?: ValueOf<(typeof FIELDS)[Name]> | null };

const FIELD_ENTRIES = Object.entries(FIELDS) as [string, FilterField<unknown>][];
const PARAMETER_BY_FIELD = new Map(FIELD_ENTRIES.map(([name, { parameter }]) => [`filter.${name}`, parameter]));

export const FILTER_PARAMETERS: readonly string[] = [...PARAMETER_BY_FIELD.values()];
export const FILTER_SPELLINGS: readonly string[] = FILTER_PARAMETERS.flatMap(spellingsOf);
export const LIST_PARAMETERS: ReadonlySet<string> = new Set(
  Object.values(FIELDS).flatMap(({ isList, parameter }) => (isList ? [parameter] : [])),
);

/** Reads the filter from a query string and ignores all other parameters. */
export function readFilterParameters(query: URLSearchParams): { filter: JobFilter; faults: FieldFault[] } {
  const filter: Record<string, unknown> = {};
  const faults: FieldFault[] = [];
  for (const [name, { parameter, read }] of FIELD_ENTRIES) {
    const { given, faults: faultsOfSpelling } = spellingIn(query, parameter);
    if (given === undefined) continue;
    faults.push(...faultsOfSpelling);
    const result = read(query.getAll(given));
    if ("reason" in result) faults.push({ field: given, reason: result.reason });
    else filter[name] = result.value;
  }
  return { filter, faults: [...faults, ...faultsByParameter(filter, query)] };
}

/** The faults that every filter may have, with the name of the parameter instead of that of the field. */
function faultsByParameter(filter: object, query: URLSearchParams): FieldFault[] {
  return faultsOfFilter(filter).map(({ field, reason }) => {
    const parameter = PARAMETER_BY_FIELD.get(field) ?? field;
    return { field: spellingIn(query, parameter).given ?? parameter, reason };
  });
}

function texts(parameter: string): FilterField<readonly string[]> {
  const read = (values: readonly string[]) =>
    values.includes("") ? { reason: "must not be empty" } : { value: values };
  return { parameter, isList: true, read };
}

/** REST has the words in lower case. */
function listOf<Word extends string>(parameter: string, words: readonly Word[]): FilterField<readonly Word[]> {
  const wordByName = new Map(words.map((word) => [word.toLowerCase(), word]));
  const rule = `must be one of ${[...wordByName.keys()].join(", ")}`;
  return {
    parameter,
    isList: true,
    read(values) {
      const known = values.map((value) => wordByName.get(value)).filter((word) => word !== undefined);
      return known.length < values.length ? { reason: rule } : { value: known };
    },
  };
}

function single<Value>(parameter: string, read: (value: string) => ReadResult<Value>): FilterField<Value> {
  return {
    parameter,
    isList: false,
    read: ([value = "", ...others]) => (others.length > 0 ? { reason: ONCE_RULE } : read(value)),
  };
}

function flag(parameter: string): FilterField<boolean> {
  return single(parameter, (value) =>
    value === "true" || value === "false" ? { value: value === "true" } : { reason: "must be true or false" },
  );
}

function text(parameter: string): FilterField<string> {
  return single(parameter, (value) => (value === "" ? { reason: "must not be empty" } : { value }));
}

/** `faultsOfFilter` checks the timestamp, as it does for GraphQL. */
function timestamp(parameter: string): FilterField<string> {
  return single(parameter, (value) => ({ value }));
}
