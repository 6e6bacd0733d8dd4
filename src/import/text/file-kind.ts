import { ImportError } from "../import-error.ts";

const SAVE_AS_CSV =
  'open it in the spreadsheet program and save it as CSV ("CSV UTF-8 (Comma delimited)" in Excel, "Text CSV" in LibreOffice), then import the CSV file';
const EXPORT_AS_CSV = "choose File > Export To > CSV in Numbers, then import the CSV file";
const UNPACK = "unpack it and import the CSV file that it contains";

interface FileKind {
  readonly name: string;
  readonly remedy: string;
}

const WORKBOOK_IN_ZIP: readonly (readonly [string, FileKind])[] = [
  ["xl/", { name: "an Excel workbook (XLSX)", remedy: SAVE_AS_CSV }],
  ["[Content_Types].xml", { name: "an Office document", remedy: SAVE_AS_CSV }],
  ["opendocument.spreadsheet", { name: "an OpenDocument spreadsheet (ODS)", remedy: SAVE_AS_CSV }],
  [".iwa", { name: "a Numbers document", remedy: EXPORT_AS_CSV }],
  ["Index.zip", { name: "a Numbers document", remedy: EXPORT_AS_CSV }],
];

/** The first bytes in Latin-1. */
const SIGNATURES: readonly (readonly [string, FileKind])[] = [
  ["\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", { name: "an Excel workbook (XLS)", remedy: SAVE_AS_CSV }],
  ["%PDF-", { name: "a PDF document", remedy: "download the results as CSV" }],
  ["{\\rtf", { name: "a Rich Text document", remedy: "save it as plain text" }],
  ["BZh", { name: "a bzip2 archive", remedy: UNPACK }],
  ["\xfd7zXZ\x00", { name: "an xz archive", remedy: UNPACK }],
  ["\x28\xb5\x2f\xfd", { name: "a Zstandard archive", remedy: UNPACK }],
  ["7z\xbc\xaf\x27\x1c", { name: "a 7-Zip archive", remedy: UNPACK }],
  ["Rar!\x1a\x07", { name: "a RAR archive", remedy: UNPACK }],
  ["\x1f\x8b", { name: "a gzip archive inside a gzip archive", remedy: "unpack it with gunzip" }],
  ["PAR1", { name: "a Parquet file", remedy: "export the table as CSV" }],
  ["SQLite format 3\x00", { name: "an SQLite database", remedy: "export the table as CSV" }],
  ["\x89PNG", { name: "an image", remedy: "download the results as CSV" }],
  ["\xff\xd8\xff", { name: "an image", remedy: "download the results as CSV" }],
  ["\xff\xfe\x00\x00", { name: "text in UTF-32", remedy: "save it as UTF-8" }],
  ["\x00\x00\xfe\xff", { name: "text in UTF-32", remedy: "save it as UTF-8" }],
];

const HTML: FileKind = {
  name: "an HTML page",
  remedy: "download the results as CSV; a page in their place is often a sign-in or error page",
};
const XML: FileKind = { name: "an XML document", remedy: SAVE_AS_CSV };
const BINARY: FileKind = { name: "a binary file", remedy: "import a CSV or JSON file" };

const ZIP_STARTS = ["PK\x03\x04", "PK\x05\x06", "PK\x07\x08"];

/** Text has hardly any control characters. A damaged row may have some, and is reported with its line. */
const MAX_CONTROL_SHARE = 0.05;

export function isGzip(head: Uint8Array): boolean {
  return head[0] === 0x1f && head[1] === 0x8b;
}

/** Throws if these first bytes belong to a file that is not text, and says how to get a CSV file. */
export function refuseOtherKinds(
  head: Uint8Array,
  { fileName, isUtf16 }: { fileName: string; isUtf16: boolean },
): void {
  const kind = kindOf(Buffer.from(head.buffer, head.byteOffset, head.byteLength), isUtf16);
  if (kind !== null) throw new ImportError({ fileName, reason: `is ${kind.name}, not CSV or JSON: ${kind.remedy}` });
}

function kindOf(head: Buffer, isUtf16: boolean): FileKind | null {
  const text = head.toString("latin1");
  if (ZIP_STARTS.some((start) => text.startsWith(start))) {
    const workbook = WORKBOOK_IN_ZIP.find(([content]) => text.includes(content));
    return workbook?.[1] ?? { name: "a ZIP archive", remedy: UNPACK };
  }
  const signature = SIGNATURES.find(([start]) => text.startsWith(start));
  if (signature !== undefined) return signature[1];
  const start = text.replace(/^\xef\xbb\xbf/, "").trimStart();
  if (/^<(!doctype html|html|head|body|table)\b/i.test(start)) return HTML;
  if (/^<(\?xml|workbook)/i.test(start)) return XML;
  if (isUtf16) return null;
  const controls = head.reduce((count, byte) => (isControl(byte) ? count + 1 : count), 0);
  return controls > head.length * MAX_CONTROL_SHARE ? BINARY : null;
}

/** Escape sequences, tabs and line ends occur in text. */
function isControl(byte: number): boolean {
  return (byte < 0x20 && ![0x09, 0x0a, 0x0d, 0x1b].includes(byte)) || byte === 0x7f;
}
