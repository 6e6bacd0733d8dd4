import { ImportError } from "../import-error.ts";
import { type Cells, COLUMN_NAMES, type ColumnName, type RowFault } from "../result-row.ts";
import { type ChosenFormat, chooseFormat } from "./choose-format.ts";
import { convertResult, PASSED_COLUMNS, type SourceField } from "./convert-result.ts";
import { describeColumns } from "./describe-columns.ts";
import { flattenResult } from "./json-results.ts";
import { flattenRestJob } from "./rest-job.ts";
import { FIELDS, normalizeName } from "./result-format.ts";
import { noteIgnored, type ReadOptions, type RowFile, titlesOf } from "./row-file.ts";

export type Convert = (value: object) => Cells | RowFault;

export interface ObjectPlan {
  readonly convert: Convert;
  readonly chosen: ChosenFormat;
  readonly titles: ReadonlyMap<string, string>;
  readonly columns: RowFile["description"]["columns"];
  readonly ignored: Set<string>;
}

/** Our own objects have a nested record or the names of our columns; others are recognized by the paths of their values. */
export function planObjects(first: object, options: ReadOptions, hasObject: boolean): ObjectPlan {
  const { fileName, map = new Map(), statusWords = new Map() } = options;
  const ignored = new Set<string>();
  const isOwnShape = !hasObject || "email" in keysOf(first) || "email_address" in keysOf(first);
  const flatFirst = flattenResult(first as Record<string, unknown>);
  const names = [...flatFirst.keys(), ...(isOwnShape ? ["email", "status"] : [])];
  const chosen: ChosenFormat = isOwnJob(first)
    ? { format: null, because: "its columns" }
    : chooseFormat(options, { fileName, line: null, names });
  const { format } = chosen;
  if (format === null)
    return { convert: (value) => readOwn(value, ignored), chosen, titles: new Map(), columns: [], ignored };

  const paths = new Map<SourceField, readonly string[]>();
  for (const field of FIELDS) {
    const aliases = format.fields[field];
    if (aliases !== undefined) paths.set(field, aliases);
  }
  for (const [field, source] of map) paths.set(field, [normalizeName(source)]);
  if (!paths.has("email") || !paths.has("status")) {
    const column = paths.has("email") ? "status" : "email";
    throw new ImportError({ fileName, column, reason: `is missing: add --map ${column}=KEY` });
  }
  const conversion = { format, words: statusWords, isUtcByDefault: format.signatures.length > 0 };
  const find = (flat: ReadonlyMap<string, unknown>, field: SourceField) => {
    const name = paths.get(field)?.find((path) => flat.get(path) !== undefined && flat.get(path) !== null);
    return name === undefined ? undefined : { name, value: flat.get(name) };
  };
  const fields: readonly SourceField[] = [...FIELDS, ...PASSED_COLUMNS];
  const sources = new Map<SourceField, string>();
  for (const field of fields) {
    const found = find(flatFirst, field);
    if (found !== undefined) sources.set(field, found.name);
  }
  const used = new Set([...paths.values()].flat());
  const convert: Convert = (value) => {
    const flat = flattenResult(value as Record<string, unknown>);
    for (const name of flat.keys()) if (!used.has(name)) noteIgnored(ignored, name);
    return convertResult(conversion, (field) => find(flat, field)?.value);
  };
  const columns = describeColumns(format, sources, conversion.isUtcByDefault);
  return { convert, chosen, titles: titlesOf(sources), columns, ignored };
}

/** A job of the REST endpoint, whose `email` is a record, also without one. */
function isOwnJob(value: object): boolean {
  return flattenRestJob(value) !== value && ["id", "task_id"].every((key) => key in value);
}

const COLUMNS: ReadonlySet<string> = new Set(COLUMN_NAMES);

function readOwn(value: object, ignored: Set<string>): Cells | RowFault {
  const cells: Cells = {};
  for (const [key, cell] of Object.entries(flattenRestJob(value))) {
    const column = normalizeName(key);
    if (!COLUMNS.has(column)) noteIgnored(ignored, key);
    else if (column in cells) return { column, reason: "appears twice in the object" };
    else cells[column as ColumnName] = cell;
  }
  return cells;
}

function keysOf(value: object): Record<string, true> {
  return Object.fromEntries(Object.keys(value).map((key) => [normalizeName(key), true]));
}
