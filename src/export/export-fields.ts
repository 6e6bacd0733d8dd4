import type { FieldFault } from "../errors.ts";
import { EXPORT_FIELDS, type ExportField, isExportField } from "./exported-job.ts";

export interface FieldsRead {
  /** Null: not asked for, hence all. */
  readonly fields: readonly ExportField[] | null;
  readonly faults: readonly FieldFault[];
}

/** One list of names with commas between them, in the order in which they shall be written. */
export function readFields(values: readonly string[]): FieldsRead {
  const fault = (reason: string): FieldsRead => ({ fields: null, faults: [{ field: "fields", reason }] });
  const [list] = values;
  if (list === undefined) return { fields: null, faults: [] };
  if (values.length > 1) return fault("must not be given more than once");
  const names = list.split(",").map((name) => name.trim());
  const fields = names.filter(isExportField);
  if (fields.length < names.length) return fault(`must be names out of ${EXPORT_FIELDS.join(", ")}`);
  if (new Set(fields).size < fields.length) return fault("must not name a field twice");
  return { fields, faults: [] };
}
