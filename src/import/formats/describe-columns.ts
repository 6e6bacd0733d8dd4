import { shownName } from "../message-text.ts";
import type { SourceField } from "./convert-result.ts";
import type { ResultFormat } from "./result-format.ts";

export interface ColumnUse {
  /** The name in the file. */
  readonly from: string;
  /** The columns that it is stored in, and how it is converted. */
  readonly to: string;
}

/** How each column of the file is read, in the order of the file. */
export function describeColumns(
  format: ResultFormat,
  sources: ReadonlyMap<SourceField, string>,
  isUtcByDefault: boolean,
): ColumnUse[] {
  const uses = new Map<string, string[]>();
  for (const [field, source] of sources) {
    uses.set(source, [...(uses.get(source) ?? []), meaningOf(field, { format, sources, isUtcByDefault })]);
  }
  return [...uses].map(([from, to]) => ({ from: shownName(from), to: [...new Set(to)].join("; ") }));
}

interface MeaningContext {
  readonly format: ResultFormat;
  readonly sources: ReadonlyMap<SourceField, string>;
  readonly isUtcByDefault: boolean;
}

function meaningOf(field: SourceField, { format, sources, isUtcByDefault }: MeaningContext): string {
  switch (field) {
    case "status":
      return "status, as a documented state; unknown_reason keeps the word";
    case "status_detail":
      return "status and unknown_reason, together with the word";
    case "reason":
      return format.reasons === undefined ? "unknown_reason" : "unknown_reason; it refines status and the flags";
    case "is_deliverable":
    case "is_valid_syntax":
      return "refines status";
    case "mx_type":
      return "has_mx_records";
    case "host_name":
      return sources.has("has_mx_records") || sources.has("mx_type") ? "host_name" : "host_name and has_mx_records";
    case "validated_at":
      return `validated_at${isUtcByDefault ? ", in UTC if it has no zone" : ""}`;
    default:
      return field;
  }
}
