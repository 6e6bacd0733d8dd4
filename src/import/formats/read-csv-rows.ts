import { unguardFormula } from "../../values/formula-guard.ts";
import { pluralize } from "../../values/pluralize.ts";
import { ImportError } from "../import-error.ts";
import { type Cells, COLUMN_NAMES, type ColumnName, type RowFault } from "../result-row.ts";
import { type CsvRecord, type RecordBlock, readCsvRecords } from "../text/csv-records.ts";
import { detectDelimiter, sampleRecords, separatorOf } from "../text/dialect.ts";
import { createTextBlocks } from "../text/text-blocks.ts";
import type { TextSource } from "../text/text-source.ts";
import { assignColumns } from "./assign-columns.ts";
import { chooseFormat } from "./choose-format.ts";
import { convertResult, type SourceField } from "./convert-result.ts";
import { describeColumns } from "./describe-columns.ts";
import { normalizeName, type ResultFormat } from "./result-format.ts";
import {
  describeFormat,
  describeWindows1252,
  type FileRow,
  isFault,
  noteIgnored,
  type ReadOptions,
  type RowFile,
  titlesOf,
} from "./row-file.ts";

const COLUMNS: ReadonlySet<string> = new Set(COLUMN_NAMES);
const REQUIRED_COLUMNS: readonly ColumnName[] = ["email", "status"];

/** A CSV file with these columns comes from the export, so the importer removes the apostrophes that guard formulas. */
const EXPORT_COLUMNS = ["job_id", "job_status"];

const DELIMITER_NAMES: Readonly<Record<string, string>> = {
  ",": "commas",
  ";": "semicolons",
  "\t": "tabs",
  "|": "bars",
};

/** How the fields of a row become cells. */
interface RowPlan {
  readonly convert: (fields: string[]) => Cells | RowFault;
  readonly titles: ReadonlyMap<string, string>;
  readonly columns: RowFile["description"]["columns"];
  readonly notes: readonly string[];
  readonly ignored: Set<string>;
}

export async function readCsvRows(source: TextSource, options: ReadOptions): Promise<RowFile> {
  const { fileName } = options;
  const text = createTextBlocks(source, fileName);
  const head = source.head.toString("utf8");
  const [firstLine = ""] = head.split("\n", 1);
  const announced = separatorOf(firstLine);
  const sample = announced === null ? head : head.slice(firstLine.length + 1);
  const delimiter = options.delimiter ?? announced ?? detectDelimiter(sample, source.isWhole);

  const recordBlocks = readCsvRecords(text.blocks, { delimiter, quoteStyle: "doubled" });
  const { header, rest } = await readHeaderRecord(recordBlocks, { fileName, hasSeparatorLine: announced !== null });
  if (header.fault !== null) {
    throw new ImportError({ fileName, line: header.line, reason: `the header ${header.fault}` });
  }
  const chosen = chooseFormat(options, { fileName, line: header.line, names: header.fields });
  const place = { fileName, line: header.line };
  const plan =
    chosen.format === null
      ? planOwn(header.fields, place)
      : planVerifier(chosen.format, options, {
          ...place,
          names: header.fields,
          samples: sampleRecords(sample, delimiter, source.isWhole).slice(1),
        });

  const toRow = ({ line, raw, fields, fault }: CsvRecord): FileRow => {
    if (fault !== null) return { line, raw, cells: {}, fault: { column: null, reason: fault } };
    if (fields.length !== header.fields.length) {
      const reason = `has ${pluralize(fields.length, "field")} where the header has ${header.fields.length}`;
      return { line, raw, cells: {}, fault: { column: null, reason } };
    }
    const cells = plan.convert(fields);
    return isFault(cells) ? { line, raw, cells: {}, fault: cells } : { line, raw, cells, fault: null };
  };
  async function* rowBlocks() {
    yield { rows: rest.records.map(toRow), bytesRead: rest.bytesRead };
    for await (const block of recordBlocks) yield { rows: block.records.map(toRow), bytesRead: block.bytesRead };
  }
  return {
    format: "csv",
    delimiter,
    header: header.raw,
    ignoredColumns: plan.ignored,
    titles: plan.titles,
    description: {
      ...describeFormat(chosen),
      layers: [`CSV separated by ${DELIMITER_NAMES[delimiter] ?? JSON.stringify(delimiter)}`, ...source.layers],
      columns: plan.columns,
      notes: plan.notes,
    },
    lateNotes: () => describeWindows1252(text.windows1252Line()),
    blocks: rowBlocks(),
  };
}

interface HeaderPlace {
  readonly fileName: string;
  readonly hasSeparatorLine: boolean;
}

/** Returns the first record and the rest of its block. */
async function readHeaderRecord(blocks: AsyncGenerator<RecordBlock>, { fileName, hasSeparatorLine }: HeaderPlace) {
  let skipped = hasSeparatorLine ? 1 : 0;
  for (;;) {
    const next = await blocks.next();
    if (next.done) throw new ImportError({ fileName, reason: "the file is empty" });
    const { records, bytesRead } = next.value;
    const header = records[skipped];
    if (header !== undefined) return { header, rest: { records: records.slice(skipped + 1), bytesRead } };
    skipped -= records.length;
  }
}

function planOwn(names: readonly string[], place: { fileName: string; line: number }): RowPlan {
  const ignored = new Set<string>();
  const columns = names.map((name) => {
    const column = normalizeName(name);
    if (COLUMNS.has(column)) return column as ColumnName;
    noteIgnored(ignored, name);
    return null;
  });
  const known = columns.filter((column) => column !== null);
  // Unknown columns may repeat, most often as empty names after the last comma, because they are ignored.
  const repeated = known.find((column, index) => known.indexOf(column) !== index);
  if (repeated !== undefined)
    throw new ImportError({ ...place, column: repeated, reason: "appears twice in the header" });
  const missing = REQUIRED_COLUMNS.find((column) => !known.includes(column));
  if (missing !== undefined) throw new ImportError({ ...place, column: missing, reason: "is missing in the header" });

  const cellOf = isExport(names) ? unguardFormula : (field: string) => field;
  const convert = (fields: string[]): Cells => {
    const cells: Cells = {};
    for (const [index, column] of columns.entries()) {
      if (column !== null) cells[column] = cellOf(fields[index] ?? "");
    }
    return cells;
  };
  return { convert, titles: new Map(), columns: [], notes: [], ignored };
}

function planVerifier(
  format: ResultFormat,
  { map = new Map(), statusWords = new Map() }: ReadOptions,
  header: Parameters<typeof assignColumns>[2],
): RowPlan {
  const { names } = header;
  const { indexes, notes } = assignColumns(format, map, header);
  const conversion = { format, words: statusWords, isUtcByDefault: format.signatures.length > 0 };
  const cellOf = isExport(names) ? unguardFormula : (field: string) => field;
  const convert = (fields: string[]) =>
    convertResult(conversion, (field: SourceField) => {
      const index = indexes.get(field);
      return index === undefined ? undefined : cellOf(fields[index] ?? "");
    });
  const used = new Set(indexes.values());
  const ignored = new Set<string>();
  for (const [index, name] of names.entries()) if (!used.has(index)) noteIgnored(ignored, name);
  const byIndex = [...indexes].sort(([, one], [, other]) => one - other);
  const sources = new Map(byIndex.map(([field, index]) => [field, names[index] ?? ""]));
  return {
    convert,
    titles: titlesOf(sources),
    columns: describeColumns(format, sources, conversion.isUtcByDefault),
    notes,
    ignored,
  };
}

function isExport(names: readonly string[]): boolean {
  return EXPORT_COLUMNS.every((column) => names.some((name) => normalizeName(name) === column));
}
