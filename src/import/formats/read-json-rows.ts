import { readJsonDocuments } from "../text/json-documents.ts";
import { createTextBlocks } from "../text/text-blocks.ts";
import type { TextSource } from "../text/text-source.ts";
import { isObject, resultsIn } from "./json-results.ts";
import { type Convert, planObjects } from "./plan-objects.ts";
import { concat, describeFormat, type FileRow, isFault, type ReadOptions, type RowFile } from "./row-file.ts";

/** A text that should be one JSON value. */
interface JsonLine {
  readonly raw: string;
  readonly line: number;
  /** The number of the object in an array. */
  readonly object?: number;
  /** Set if the line cannot be decoded. */
  readonly fault: string | null;
}

interface LineBlock {
  readonly lines: JsonLine[];
  readonly bytesRead: number;
}

/** One object per line, or an array or response of an API over any number of lines. */
export async function readJsonRows(source: TextSource, options: ReadOptions): Promise<RowFile> {
  const { fileName } = options;
  const isDocument = isJsonDocument(source, options);
  // JSON is UTF-8 (RFC 8259), so a line that is not is a fault and never Windows-1252.
  const text = createTextBlocks({ ...source, encoding: source.encoding ?? "utf-8" }, fileName);
  const all = isDocument ? documentsOf(source, fileName) : linesOf(text.blocks);
  const firstBlocks: LineBlock[] = [];
  let first: object | undefined;
  while (first === undefined) {
    const next = await all.next();
    if (next.done) break;
    firstBlocks.push(next.value);
    for (const { raw } of next.value.lines) first ??= resultsOfText(raw).find(isObject);
    // Without a single object, the rows are reported one by one.
    if (first === undefined && next.value.lines.length > 0) break;
  }
  const plan = planObjects(first ?? {}, options, first !== undefined);
  const toRows = (line: JsonLine): FileRow[] => rowsOf(line, plan.convert, isDocument);
  async function* rowBlocks() {
    for await (const { lines, bytesRead } of concat(firstBlocks, all)) yield { rows: lines.flatMap(toRows), bytesRead };
  }
  return {
    format: "ndjson",
    delimiter: ",",
    header: null,
    ignoredColumns: plan.ignored,
    titles: plan.titles,
    description: {
      ...describeFormat(plan.chosen),
      layers: [isDocument ? "JSON" : "JSON, one object per line", ...source.layers],
      columns: plan.columns,
      notes: [],
    },
    lateNotes: () => [],
    blocks: rowBlocks(),
  };
}

/** Whether the file is one JSON value over several lines, or a list of results on one line. */
function isJsonDocument({ head, isWhole }: TextSource, { fileName }: ReadOptions): boolean {
  const start = head.toString("utf8").trimStart();
  if (start.startsWith("[")) return true;
  if (/\.(ndjson|jsonl)$/i.test(fileName)) return false;
  const end = start.indexOf("\n");
  const firstLine = end < 0 ? start : start.slice(0, end);
  const first = parse(firstLine);
  if (first === undefined) return end < 0 ? !isWhole : /^\{\s*("[^"]*"\s*:.*)?$/.test(firstLine.trimEnd());
  return start.slice(firstLine.length).trim() === "" && isWhole && isObject(first) && resultsIn(first)[0] !== first;
}

async function* linesOf(blocks: ReturnType<typeof createTextBlocks>["blocks"]): AsyncGenerator<LineBlock> {
  let line = 0;
  for await (const { text, bytesRead, badLines } of blocks) {
    const faults = new Map(badLines.map((bad) => [bad.line, bad.reason]));
    const contents = text.split("\n");
    if (contents.at(-1) === "") contents.pop();
    const lines: JsonLine[] = [];
    for (const content of contents) {
      line++;
      const raw = content.trim();
      if (raw !== "") lines.push({ raw, line, fault: faults.get(line) ?? null });
    }
    yield { lines, bytesRead };
  }
}

async function* documentsOf({ bytes, bytesRead }: TextSource, fileName: string): AsyncGenerator<LineBlock> {
  let object = 0;
  for await (const { documents } of readJsonDocuments(bytes, fileName)) {
    const lines = documents.map(({ line, text }) => ({ line, raw: text, fault: null, object: ++object }));
    yield { lines, bytesRead: bytesRead() };
  }
}

function rowsOf({ raw, line, fault, object }: JsonLine, convert: Convert, isDocument: boolean): FileRow[] {
  const bad = (reason: string, text = raw): FileRow => {
    return { line, raw: text, cells: {}, fault: { column: null, reason } };
  };
  if (fault !== null) return [bad(fault)];
  const value = parse(raw);
  // The message of JSON.parse quotes the line, which contains addresses.
  if (value === undefined) return [bad("is not valid JSON", isDocument ? raw.replace(/\s+/g, " ") : raw)];
  if (!isObject(value)) return [bad("is not a JSON object")];
  const results = isDocument ? resultsIn(value) : [value];
  return results.map((result, index) => {
    const text = isDocument ? JSON.stringify(result) : raw;
    const number = isDocument ? { result: results.length > 1 ? index + 1 : (object ?? 1) } : {};
    if (!isObject(result)) return { ...bad("is not a JSON object", text), ...number };
    const cells = convert(result);
    const isBad = isFault(cells);
    return { line, raw: text, ...number, cells: isBad ? {} : cells, fault: isBad ? cells : null };
  });
}

function resultsOfText(raw: string): readonly unknown[] {
  const value = parse(raw);
  return isObject(value) ? resultsIn(value) : [];
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
