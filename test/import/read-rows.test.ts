import { describe, expect, test } from "vitest";
import type { FileFormat } from "../../src/import/formats/row-file.ts";
import { readRowFile } from "../../src/import/read-rows.ts";

async function* chunks(bytes: Uint8Array, size: number) {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function read(content: string | Uint8Array, options: { format?: FileFormat; name?: string; size?: number } = {}) {
  const { format, name = "batch.csv", size = 65_536 } = options;
  const file = await readRowFile(chunks(Buffer.from(content), size), { fileName: name, format });
  const rows = [];
  for await (const block of file.blocks) rows.push(...block.rows);
  return { file, rows, faults: rows.map(({ line, fault }) => (fault === null ? line : `${line}: ${fault.reason}`)) };
}

describe("CSV", () => {
  const tricky = [
    '\ufeffemail,Status ,"unknown_reason",extra',
    'ada@example.com,valid,"a ""quoted"" word, and a comma",1',
    '"bo@example.com",invalid,"over\r\ntwo lines",2',
    "søren@example.com,catchall,,",
    "",
    "last@example.com,valid,,",
  ].join("\r\n");

  test("a CSV file has the same rows in chunks of any size", async () => {
    const whole = await read(tricky);
    expect(whole.rows.map(({ line, cells }) => [line, cells.email, cells.unknown_reason])).toEqual([
      [2, "ada@example.com", 'a "quoted" word, and a comma'],
      [3, "bo@example.com", "over\r\ntwo lines"],
      [5, "søren@example.com", ""],
      [7, "last@example.com", ""],
    ]);
    expect([...whole.file.ignoredColumns]).toEqual(["extra"]);
    for (const size of [1, 2, 3, 7, 50]) expect((await read(tricky, { size })).rows).toEqual(whole.rows);
  });

  test("only the apostrophes that an export added are removed", async () => {
    const { rows } = await read(
      "job_id,job_status,email,status\n1,,'+a@example.com,'=1\n2,,o'neil@example.com,'quoted'\n3,,''-a@example.com,valid\n",
    );
    expect(rows.map(({ cells }) => [cells.email, cells.status])).toEqual([
      ["+a@example.com", "=1"],
      ["o'neil@example.com", "'quoted'"],
      ["'-a@example.com", "valid"],
    ]);
    const vendors = await read("email,status\n'+a@example.com,'=x\n");
    expect(vendors.rows.map(({ cells }) => [cells.email, cells.status])).toEqual([["'+a@example.com", "'=x"]]);
  });

  test("a CSV file can have LF line ends, with or without the last one", async () => {
    for (const end of ["", "\n", "\n\n \n"]) {
      expect((await read(`email,status\na@example.com,valid${end}`)).faults).toEqual([2]);
    }
  });

  test("a wrong quote makes one row bad and not the rest of the file", async () => {
    const { faults } = await read(
      'email,status\n"a"b,valid\nc"d,valid\n"e,valid\nf,valid\n"g",valid\n"h,valid\ni,valid\n',
    );
    expect(faults).toEqual([
      "2: has text after a closing quote",
      "3: has a quote inside a field that does not start with one",
      "4: has text after a closing quote",
      5,
      6,
      "7: has an opening quote without a closing quote",
      8,
    ]);
  });

  test("a quote that is never closed holds at most a megabyte in memory", async () => {
    const rows = "x@example.com,valid\n".repeat(200_000);
    const { faults } = await read(`email,status\n"open,valid\n${rows}`);
    expect(faults[0]).toBe("2: has an opening quote without a closing quote");
    expect(faults).toHaveLength(200_001);
    expect(faults.at(-1)).toBe(200_002);
  });

  test("a row with too few or too many fields is bad", async () => {
    expect((await read("email,status\na\nb,valid,c\n")).faults).toEqual([
      "2: has 1 field where the header has 2",
      "3: has 3 fields where the header has 2",
    ]);
  });

  test("a line that is not valid UTF-8 is bad if an earlier line is UTF-8", async () => {
    const mixed = Buffer.concat([
      Buffer.from("email,status\ns\u00f8ren@example.com,valid\n"),
      Buffer.from("caf\xe9@example.com,valid\nb@example.com,valid\n", "latin1"),
    ]);
    for (const size of [1, 65_536]) {
      expect((await read(mixed, { size })).faults).toEqual([2, "3: is not valid UTF-8", 4]);
    }
  });

  test.each([
    ["email\na", "email or status is missing in the header, which contains: email"],
    [
      "a;b\n",
      "batch.csv:1: the format of the file is not known: email or status is missing in the header, which contains: a, b",
    ],
    ["email,status,Email\n", "batch.csv:1: email: appears twice in the header"],
    ['email,"status\n', "batch.csv:1: the header has an opening quote without a closing quote"],
    ["\n\n", "batch.csv: the file is empty"],
    ["", "batch.csv: the file is empty"],
  ])("a CSV file that starts with %j is rejected with the reason", async (content, message) => {
    await expect(read(content)).rejects.toThrow(message);
  });

  test.each([
    "ada@example.com,valid\n",
    '"ada@example.com","valid"\n',
    "ada@example.com;valid\n",
    "email,state\rada@example.com,valid\rbo@example.com,valid\r",
    `${"x".repeat(58)}ada@example.com,${"y".repeat(500)}\n`,
    "\x1b[31mada,\u202eliame\n",
  ])("the error for the header %j contains no address and no control character", async (content) => {
    const error = await read(content).catch((thrown: Error) => thrown);
    expect(error).toMatchObject({ message: expect.stringContaining("is missing in the header") });
    expect((error as Error).message).not.toMatch(/ada|x{58}|[\p{Cc}\p{Cf}]/u);
  });

  test("lines that end in CR alone are read like lines that end in LF", async () => {
    const { rows } = await read('email,status\ra@example.com,valid\r\r"b@example.com",invalid\r');
    expect(rows.map(({ line, cells }) => [line, cells.email])).toEqual([
      [2, "a@example.com"],
      [4, "b@example.com"],
    ]);
  });

  test("lines that end in CR CR LF are read like lines that end in CRLF", async () => {
    const content =
      'email,status,unknown_reason\r\r\na@example.com,valid,\r\r\n"b@example.com",valid,"x"\r\r\n\r\r\nc@example.com,valid,z\r\r';
    for (const size of [1, 65_536]) {
      const { rows } = await read(content, { size });
      expect(rows.map(({ line, cells, fault }) => [line, cells, fault])).toEqual([
        [2, { email: "a@example.com", status: "valid", unknown_reason: "" }, null],
        [3, { email: "b@example.com", status: "valid", unknown_reason: "x" }, null],
        [5, { email: "c@example.com", status: "valid", unknown_reason: "z" }, null],
      ]);
    }
  });

  test("an unknown column may appear twice in the header", async () => {
    expect((await read("email,status,,\na@example.com,valid,,\n")).faults).toEqual([2]);
  });
});

describe("NDJSON", () => {
  const ndjson = (content: string | Uint8Array) => read(content, { name: "batch.ndjson" });

  test("an NDJSON file has one object per line and may have blank lines", async () => {
    const { file, rows } = await ndjson('{"email":"a@example.com","is_catchall":true,"Score":1}\r\n\n {"STATUS":null}');
    expect(rows.map(({ line, cells }) => ({ line, ...cells }))).toEqual([
      { line: 1, email: "a@example.com", is_catchall: true },
      { line: 3, status: null },
    ]);
    expect([...file.ignoredColumns]).toEqual(["Score"]);
  });

  test("a line of an NDJSON file can be a job of the REST endpoint, with or without an email record", async () => {
    const job = '"id":"x","task_id":"y","email_address":"A@b.test","status":"failed","created_at":"c","updated_at":"u"';
    const { file, rows } = await ndjson(`{${job},"email":{"id":"r","email":"a@b.test","status":"valid"}}\n{${job}}\n`);
    const ofJob = { email_address: "A@b.test", job_status: "failed", job_created_at: "c", job_updated_at: "u" };
    expect(rows.map(({ cells }) => cells)).toEqual([
      { id: "r", email: "a@b.test", status: "valid", ...ofJob },
      { email: "A@b.test", ...ofJob },
    ]);
    expect(file.ignoredColumns.size).toBe(0);
  });

  test("the error for a line that is not an object does not repeat the line", async () => {
    expect((await ndjson('{"email":"ada@example.com"\n[]\n1\n{"email":"a","EMAIL":"b"}\n')).faults).toEqual([
      "1: is not valid JSON",
      "2: is not a JSON object",
      "3: is not a JSON object",
      "4: appears twice in the object",
    ]);
    expect((await ndjson(Buffer.from('{"email":"a"}\n{"email":"\xe9"}\n', "latin1"))).faults).toEqual([
      1,
      "2: is not valid UTF-8",
    ]);
  });

  test("the format is recognized by the file name, and otherwise by the first character", async () => {
    const object = '\ufeff\n{"email":"a@example.com"}';
    for (const name of ["batch.ndjson", "batch.JSONL", "batch.txt", "-"]) {
      expect((await read(object, { name })).file.format).toBe("ndjson");
    }
    expect((await read("email,status\n", { name: "-" })).file.format).toBe("csv");
    expect((await read('[{"email":"a"}]', { name: "-" })).rows).toMatchObject([{ line: 1, cells: { email: "a" } }]);
  });
});

test("a line of more than a megabyte is rejected before it is read completely", async () => {
  let given = 0;
  async function* endless() {
    for (; ; given++) yield Buffer.alloc(65_536, "x");
  }
  await expect(
    readRowFile(endless(), { fileName: "batch.csv" }).then(async (file) => {
      for await (const _ of file.blocks);
    }),
  ).rejects.toThrow("batch.csv:1: the line is longer than 1 MB");
  expect(given).toBeLessThan(20);
});
