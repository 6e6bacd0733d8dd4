import { stringify } from "csv-stringify/sync";
import { guardFormula } from "../values/formula-guard.ts";
import { cellsOf, type ExportedJob, type ExportField } from "./exported-job.ts";

/** RFC 4180 ends a record with CRLF; a lone CR or LF in a cell would end it for most readers. */
const OPTIONS = { record_delimiter: "windows", quoted_match: /[\r\n]/ } as const;

export function csvHeader(fields: readonly ExportField[]): string {
  return stringify([[...fields]], OPTIONS);
}

/** Null is an empty cell. */
export function csvLines(jobs: readonly ExportedJob[], fields: readonly ExportField[]): string {
  return stringify(
    jobs.map((job) =>
      cellsOf(job, fields).map((cell) =>
        typeof cell === "string" ? guardFormula(cell) : cell === null ? "" : `${cell}`,
      ),
    ),
    OPTIONS,
  );
}
