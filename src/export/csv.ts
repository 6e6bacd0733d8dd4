import { stringify } from "csv-stringify/sync";
import { guardFormula } from "../values/formula-guard.ts";
import { cellsOf, type ExportedJob, type ExportField } from "./exported-job.ts";

/** RFC 4180 ends records with CRLF. Cells with a single CR or LF are quoted, because most readers would end the record there. */
const OPTIONS = { record_delimiter: "windows", quoted_match: /[\r\n]/ } as const;

export function csvHeader(fields: readonly ExportField[], delimiter: string): string {
  return stringify([[...fields]], { ...OPTIONS, delimiter });
}

interface Table {
  readonly fields: readonly ExportField[];
  readonly delimiter: string;
}

/** A null value becomes an empty cell. */
export function csvLines(jobs: readonly ExportedJob[], { fields, delimiter }: Table): string {
  return stringify(
    jobs.map((job) =>
      cellsOf(job, fields).map((cell) =>
        typeof cell === "string" ? guardFormula(cell) : cell === null ? "" : `${cell}`,
      ),
    ),
    { ...OPTIONS, delimiter },
  );
}
