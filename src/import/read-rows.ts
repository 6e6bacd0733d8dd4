import { readCsvRows } from "./formats/read-csv-rows.ts";
import { readJsonRows } from "./formats/read-json-rows.ts";
import type { FileFormat, ReadOptions, RowFile } from "./formats/row-file.ts";
import { ImportError } from "./import-error.ts";
import { createTextSource } from "./text/text-source.ts";

/** Opens a result file, recognizes its format, and reads its rows as the caller asks for them. */
export async function readRowFile(input: AsyncIterable<Uint8Array>, options: ReadOptions): Promise<RowFile> {
  const { fileName } = options;
  const source = await createTextSource(input, options);
  const start = source.head.toString("utf8").trimStart();
  if (start === "" && source.isWhole) throw new ImportError({ fileName, reason: "the file is empty" });
  const format = options.format ?? formatOf(fileName) ?? sniffFormat(start);
  return format === "ndjson" ? readJsonRows(source, options) : readCsvRows(source, options);
}

function formatOf(fileName: string): FileFormat | undefined {
  const name = fileName.replace(/\.gz$/i, "");
  if (/\.(csv|tsv|tab)$/i.test(name)) return "csv";
  return /\.(ndjson|jsonl)$/i.test(name) ? "ndjson" : undefined;
}

function sniffFormat(text: string): FileFormat {
  return /^[{[]/.test(text) ? "ndjson" : "csv";
}
