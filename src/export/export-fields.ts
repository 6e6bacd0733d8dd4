import type { FieldFault } from "../errors.ts";
import { EXPORT_FIELDS, type ExportField, isExportField } from "./exported-job.ts";

interface RequestedFields {
  /** In the requested order, or null for all fields. */
  readonly fields: readonly ExportField[] | null;
  readonly faults: readonly FieldFault[];
}

/** Reads lists of field names that are separated by commas. */
export function readFields(lists: readonly string[]): RequestedFields {
  if (lists.length === 0) return { fields: null, faults: [] };
  const names = lists.flatMap((list) => list.split(",")).map((name) => name.trim());
  const fields = names.filter(isExportField);
  const fault = (reason: string) => ({ fields: null, faults: [{ field: "fields", reason }] });
  if (fields.length < names.length) return fault(`must only contain names from this list: ${EXPORT_FIELDS.join(", ")}`);
  if (new Set(fields).size < fields.length) return fault("must not contain a name twice");
  return { fields, faults: [] };
}
