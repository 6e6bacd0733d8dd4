import { type CsvDialect, parseRecord } from "./parse-record.ts";

export const DELIMITERS = [",", ";", "\t", "|"] as const;

/** The first line of a file for Excel: `sep=;`. */
const SEPARATOR_LINE = /^"?sep=(.)"?\s*$/i;

/** More rows do not change the choice. */
const SAMPLED_RECORDS = 100;

/** Returns the separator that the line announces. */
export function separatorOf(line: string): string | null {
  return SEPARATOR_LINE.exec(line)?.[1] ?? (/^"?sep=\t/i.test(line) ? "\t" : null);
}

/** The records at the start of a text. The last one is left out if the text may end within it. */
export function sampleRecords(head: string, delimiter: string, isWhole: boolean): string[][] {
  const dialect: CsvDialect = { delimiter, quoteStyle: "doubled" };
  const records: string[][] = [];
  for (let start = 0; start < head.length && records.length < SAMPLED_RECORDS; ) {
    const parsed = parseRecord(head, start, { dialect, isLast: isWhole });
    if (parsed === undefined) break;
    const { fields, fault, end } = parsed;
    if (fault !== null || fields.some((field) => field.trim() !== "")) records.push(fields);
    start = end;
  }
  return records;
}

/**
 * Chooses the delimiter with which most rows have as many fields as the header, and among equal ones the one with most fields.
 * Delimiters in quotes do not count.
 */
export function detectDelimiter(head: string, isWhole: boolean): string {
  let best = { delimiter: ",", steadiness: 0, fields: 1 };
  for (const delimiter of DELIMITERS) {
    const [header, ...rows] = sampleRecords(head, delimiter, isWhole);
    const fields = header?.length ?? 0;
    if (fields < 2) continue;
    const steadiness = rows.length === 0 ? 1 : rows.filter((row) => row.length === fields).length / rows.length;
    const isBetter = steadiness > best.steadiness || (steadiness === best.steadiness && fields > best.fields);
    if (best.fields === 1 || isBetter) best = { delimiter, steadiness, fields };
  }
  return best.delimiter;
}
