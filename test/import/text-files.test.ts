import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import type { ReadOptions } from "../../src/import/formats/row-file.ts";
import { readRowFile } from "../../src/import/read-rows.ts";
import { createTextSource } from "../../src/import/text/text-source.ts";

async function* chunks(bytes: Uint8Array, size: number) {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function read(content: string | Uint8Array, options: Partial<ReadOptions> & { size?: number } = {}) {
  const { size = 65_536, ...rest } = options;
  const file = await readRowFile(chunks(Buffer.from(content), size), { fileName: "list.csv", ...rest });
  const rows = [];
  for await (const block of file.blocks) rows.push(...block.rows);
  const cells = rows.map(({ cells, line, fault }) =>
    fault === null ? Object.values(cells).join(" ") : `${line}: ${fault.reason}`,
  );
  return { file, rows, cells, layers: file.description.layers, notes: file.lateNotes() };
}

const CSV = "email,status,unknown_reason\nsøren@example.com,valid,“naïve” €5 😀\nb@example.com,invalid,\n";
const ROWS = ["søren@example.com valid “naïve” €5 😀", "b@example.com invalid "];
const utf16le = (text: string) => Buffer.from(text, "utf16le");
const utf16be = (text: string) => utf16le(text).swap16();

describe("encodings", () => {
  test.each([
    ["UTF-8", Buffer.from(CSV), []],
    ["UTF-8 with a byte order mark", Buffer.from(`\ufeff${CSV}`), []],
    ["UTF-16LE", utf16le(`\ufeff${CSV}`), ["UTF-16LE"]],
    ["UTF-16BE", utf16be(`\ufeff${CSV}`), ["UTF-16BE"]],
    ["UTF-16LE without a byte order mark", utf16le(CSV), ["UTF-16LE"]],
    ["UTF-16BE without a byte order mark", utf16be(CSV), ["UTF-16BE"]],
    ["gzip", gzipSync(CSV), ["gzip"]],
    ["gzip of UTF-16", gzipSync(utf16le(`\ufeff${CSV}`)), ["gzip", "UTF-16LE"]],
  ])("a file in %s has the same rows in chunks of any size", async (_, content, layers) => {
    for (const size of [1, 7, 65_536]) {
      const found = await read(content, { size });
      expect([found.cells, found.layers.slice(1), found.notes]).toEqual([ROWS, layers, []]);
    }
  });

  test("a file in Windows-1252 is read, and the first line that shows it is named", async () => {
    const bytes = Buffer.from(
      "email,status\na@example.com,valid\nren\xe9@example.com,\x80 \x93ok\x94 \x9f\n",
      "latin1",
    );
    for (const size of [1, 65_536]) {
      const found = await read(bytes, { size });
      expect(found.cells).toEqual(["a@example.com valid", "rené@example.com € “ok” Ÿ"]);
      expect(found.notes).toEqual(["The file was read as Windows-1252, because line 3 is not valid UTF-8."]);
    }
    expect((await read(bytes, { encoding: "utf-8" })).cells[1]).toBe("3: is not valid UTF-8");
  });

  test("a file that mixes Windows-1252 with UTF-8 or other bytes has bad rows", async () => {
    const bytes = Buffer.concat([
      Buffer.from("email,status\nren\xe9@example.com,valid\n", "latin1"),
      Buffer.from("søren@example.com,valid\n"),
      Buffer.from("x\x81@example.com,valid\n", "latin1"),
    ]);
    expect((await read(bytes)).cells).toEqual([
      "rené@example.com valid",
      expect.stringContaining("3: is UTF-8, although earlier lines are Windows-1252"),
      expect.stringContaining("4: is neither UTF-8 nor Windows-1252"),
    ]);
  });

  test("half of a surrogate pair in UTF-16 is an error with its line", async () => {
    const broken = utf16le(`\ufeffemail,status\na@example.com,valid\nb\ud800@example.com,valid\n`);
    await expect(read(broken)).rejects.toThrow("list.csv:3: is not valid UTF-16LE: save the file as UTF-8");
  });

  test("an encoding that the user names is used instead of the detected one", async () => {
    const found = await read(Buffer.from("email,status\nrené@example.com,valid\n"), { encoding: "windows-1252" });
    expect(found.cells).toEqual(["renÃ©@example.com valid"]);
  });
});

describe("gzip", () => {
  test("gzip data that is cut off or damaged is an error", async () => {
    const packed = gzipSync(`email,status\n${"a@example.com,valid\n".repeat(1000)}`);
    await expect(read(packed.subarray(0, -20))).rejects.toThrow("the gzip data is damaged or cut off (Z_BUF_ERROR)");
    packed[packed.length - 12] = 255 - (packed[packed.length - 12] ?? 0);
    await expect(read(packed)).rejects.toThrow("the gzip data is damaged or cut off");
  });

  test("gzip data that expands beyond the limit is an error", async () => {
    const packed = gzipSync(Buffer.alloc(1_000_000, "\n"));
    const source = await createTextSource(chunks(packed, 100), { fileName: "a.csv.gz", maxExpandedBytes: 500_000 });
    const readAll = async () => {
      for await (const _ of source.bytes);
    };
    await expect(readAll()).rejects.toThrow("a.csv.gz: expands to more than 0.0005 GB");
  });
});

describe("files that are not text", () => {
  test.each([
    ["an Excel workbook (XLSX)", "PK\x03\x04\x14\x00\x06\x00[Content_Types].xml…xl/workbook.xml", "save it as CSV"],
    ["a Numbers document", "PK\x03\x04\x14\x00Index/Document.iwa", "Export To"],
    ["an OpenDocument spreadsheet (ODS)", "PK\x03\x04mimetypeapplication/vnd.oasis.opendocument.spreadsheet", "as CSV"],
    ["a ZIP archive", "PK\x03\x04list_all_results.csv", "unpack it"],
    ["an Excel workbook (XLS)", "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\x00\x00", "save it as CSV"],
    ["a PDF document", "%PDF-1.7", "as CSV"],
    ["an HTML page", "\n<!DOCTYPE html><title>Sign in</title>", "sign-in or error page"],
    ["an XML document", '<?xml version="1.0"?><Workbook>', "save it as CSV"],
    ["a Rich Text document", "{\\rtf1 email,status}", "plain text"],
    ["a bzip2 archive", "BZh91AY", "unpack it"],
    ["text in UTF-32", "\xff\xfe\x00\x00e\x00\x00\x00", "UTF-8"],
    ["a binary file", "\x00\x01\x02\x00\x00\x03", "import a CSV or JSON file"],
    ["a binary file", `${"\x05\x91\xfaab\xe3".repeat(50)}\n`, "import a CSV or JSON file"],
  ])("%s is refused with a message that says how to get a CSV file", async (kind, start, remedy) => {
    for (const content of [Buffer.from(start, "latin1"), gzipSync(Buffer.from(start, "latin1"))]) {
      const error = await read(content).catch((thrown: Error) => thrown);
      expect((error as Error).message).toMatch(`list.csv: is ${kind}, not CSV or JSON`);
      expect((error as Error).message).toContain(remedy);
    }
  });
});

describe("CSV dialects", () => {
  test.each([
    [",", "commas"],
    [";", "semicolons"],
    ["\t", "tabs"],
    ["|", "bars"],
  ])("the delimiter %j is detected, also beside other ones in quotes", async (delimiter, name) => {
    const rows = [
      ["email", "status", "unknown_reason"],
      ["a@example.com", "valid", '"one, two; three|four\tfive"'],
      ["b@example.com", "valid", "plain"],
    ];
    const found = await read(rows.map((row) => row.join(delimiter)).join("\n"), { fileName: "list.txt" });
    expect(found.layers).toEqual([`CSV separated by ${name}`]);
    expect(found.cells).toEqual(["a@example.com valid one, two; three|four\tfive", "b@example.com valid plain"]);
  });

  test("the delimiter with the steadiest number of fields is chosen", async () => {
    const csv = "email;status;unknown_reason,note\na@example.com;valid;x\nb@example.com;valid;y,z,z\n";
    expect((await read(csv)).layers).toEqual(["CSV separated by semicolons"]);
    expect((await read("email;status;x,y\na@example.com;valid;z\n", { delimiter: ";" })).cells).toHaveLength(1);
  });

  test("a first line `sep=;` for Excel is not a row, but is counted in line numbers", async () => {
    for (const line of ["sep=;", '"sep=;"', "SEP=;"]) {
      const { rows } = await read(`\ufeff${line}\r\nemail;status\r\na@example.com;valid\r\n`);
      expect(rows).toMatchObject([{ line: 3, cells: { email: "a@example.com", status: "valid" } }]);
    }
  });

  test("a file with only the line that names the delimiter is empty", async () => {
    await expect(read("sep=;")).rejects.toThrow("list.csv: the file is empty");
  });

  test("a quote with a backslash is read like a doubled one, in any mixture", async () => {
    const rows = [
      'a,valid,"say \\"hi\\", you"',
      'b,valid,"C:\\"',
      'c,valid,"say ""hi"""',
      'd,valid,"ends \\""',
      "e,valid,x",
    ];
    expect((await read(`email,status,unknown_reason\n${rows.join("\n")}\n`)).cells).toEqual([
      'a valid say "hi", you',
      "b valid C:\\",
      'c valid say "hi"',
      'd valid ends "',
      "e valid x",
    ]);
  });

  test("rows without any content are skipped", async () => {
    const { rows } = await read('email,status\n\n,\n"",""\n  \na@example.com,valid\n,,,\n');
    expect(rows).toMatchObject([{ line: 6, cells: { email: "a@example.com" }, fault: null }]);
  });

  test("CR line ends keep line breaks in quotes, and CRLF and CR CR LF stay as they are", async () => {
    const cr = await read('email,status,unknown_reason\ra@example.com,valid,"x\ny"\r');
    expect([cr.cells, cr.layers[1]]).toEqual([["a@example.com valid x\ny"], "CR line ends"]);
    for (const end of ["\r\n", "\r\r\n", "\n"]) {
      const found = await read(`email,status${end}a@example.com,valid${end}`, { size: 1 });
      expect([found.cells, found.layers.length]).toEqual([["a@example.com valid"], 1]);
    }
  });
});

describe("JSON", () => {
  const job = (n: number) => `{"email":"u${n}@example.com","status":"valid"}`;

  test("an array has the same rows on one line and on many, in chunks of any size", async () => {
    const list = `[${job(1)}, ${job(2)},\n\n  ${job(3)}]`;
    for (const size of [1, 3, 65_536]) {
      const { rows } = await read(list, { fileName: "list.json", size });
      expect(rows.map(({ line, result, cells }) => [line, result, cells.email])).toEqual([
        [1, 1, "u1@example.com"],
        [1, 2, "u2@example.com"],
        [3, 3, "u3@example.com"],
      ]);
    }
  });

  test("one object over several lines, several such objects and a page of our REST endpoint are read", async () => {
    const pretty = (n: number) => JSON.stringify(JSON.parse(job(n)), null, 2);
    expect((await read(pretty(1), { fileName: "-" })).cells).toEqual(["u1@example.com valid"]);
    expect((await read(`${pretty(1)}\n${pretty(2)}`, { fileName: "-" })).cells).toHaveLength(2);
    const page = {
      jobs: [
        { id: "x", task_id: "y", email_address: "A@example.com", status: "failed", created_at: "c", updated_at: "u" },
      ],
      count: 1,
    };
    const { rows, file } = await read(JSON.stringify(page), { fileName: "page.json" });
    expect(rows).toMatchObject([{ cells: { email: "A@example.com", job_status: "failed" } }]);
    expect(file.description.title).toBe("Task Jobs");
  });

  test("a file that is cut off or has other text between its objects is an error with the line", async () => {
    const name = { fileName: "list.json" };
    await expect(read(`[\n${job(1)},\n{"email":`, name)).rejects.toThrow(
      "list.json:3: a JSON object starts here and does not end",
    );
    await expect(read(`[${job(1)}`, name)).rejects.toThrow("list.json:1: the JSON array does not end");
    await expect(read(`[\n${job(1)}\nnull]`, name)).rejects.toThrow("list.json:3: has text outside of a JSON object");
    await expect(read(`[{"email":"${"x".repeat(1_100_000)}"}]`, name)).rejects.toThrow("longer than 1 MB");
  });

  test("a broken object of an array is one bad row", async () => {
    const { rows } = await read(`[${job(1)},{"email":ada@example.com},${job(3)}]`, { fileName: "list.json" });
    expect(rows.map(({ fault }) => fault?.reason ?? null)).toEqual([null, "is not valid JSON", null]);
  });

  test("JSON whose keys are not known is an error that names the keys", async () => {
    await expect(read('{"mail":"a@example.com","verdict":{"is":"good"}}', { fileName: "-" })).rejects.toThrow(
      "standard input: the format of the file is not known: email or status is missing in the header, which contains: mail, verdict_is",
    );
    const map = new Map([
      ["email", "mail"],
      ["status", "verdict.is"],
    ] as const);
    expect((await read('{"mail":"a@example.com","verdict":{"is":"good"}}', { fileName: "-", map })).rows).toMatchObject(
      [{ cells: { email: "a@example.com", status: "valid", unknown_reason: "good" } }],
    );
  });
});
