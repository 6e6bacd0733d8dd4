import { cellsOf, type ExportedJob, type ExportField, restJobOf } from "./exported-job.ts";

/** Prints each job as on the REST endpoint. With `fields` it prints flat objects with these fields in this order. */
export function ndjsonLines(jobs: readonly ExportedJob[], fields: readonly ExportField[] | null): string {
  const objectOf = fields === null ? restJobOf : (job: ExportedJob) => flatObjectOf(job, fields);
  let lines = "";
  for (const job of jobs) lines += `${JSON.stringify(objectOf(job))}\n`;
  return lines;
}

function flatObjectOf(job: ExportedJob, fields: readonly ExportField[]): object {
  const cells = cellsOf(job, fields);
  return Object.fromEntries(fields.map((field, index) => [field, cells[index]]));
}
