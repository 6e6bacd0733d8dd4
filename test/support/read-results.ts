import type { ReadOptions } from "../../src/import/formats/row-file.ts";
import { readRowFile } from "../../src/import/read-rows.ts";
import { isRowFault, parseResultRow } from "../../src/import/result-row.ts";

async function* contentOf(text: string | Uint8Array) {
  yield Buffer.from(text);
}

/** The rows as they would be stored, and the faults with the names of the file. */
export async function readResults(content: string | Uint8Array, options: Partial<ReadOptions> = {}) {
  const file = await readRowFile(contentOf(content), { fileName: "list.csv", ...options });
  const rows = [];
  for await (const block of file.blocks) {
    for (const { line, cells, fault } of block.rows) {
      const row = fault ?? parseResultRow(cells);
      rows.push(
        isRowFault(row) ? { line, fault: `${file.titles.get(row.column ?? "") ?? row.column}: ${row.reason}` } : row,
      );
    }
  }
  return { title: file.description.title, file, rows };
}

/** Status, kept words, and the flags that are set: r(ole), d(isposable), c(atchall), m(x). */
export const summaryOf = ({ rows }: Awaited<ReturnType<typeof readResults>>) =>
  rows.map((row) => {
    if ("fault" in row) return row.fault;
    const flags = [
      row.is_role_based === "t" && "r",
      row.is_disposable === "t" && "d",
      row.is_catchall === "t" && "c",
      row.has_mx_records === "t" && "m",
    ];
    return `${row.email} ${row.status} [${flags.filter(Boolean).join("")}] ${row.unknown_reason ?? ""}`.trimEnd();
  });
