import { expect, test } from "vitest";
import { readColumnMap, readStatusWords } from "../../src/import/formats/map-option.ts";
import { readResults, summaryOf } from "../support/read-results.ts";

test("a map reads a file in an unknown format", async () => {
  const csv = "Address;Result;Checked;Role?\na@example.com;OK;2025-01-01T10:00:00+01:00;Y\nb@example.com;Bounced;;N\n";
  const map = new Map([
    ["email", "address"],
    ["status", "Result"],
    ["validated_at", "#3"],
    ["is_role_based", "Role?"],
  ] as const);
  const found = await readResults(csv, { map });
  expect(summaryOf(found)).toEqual(["a@example.com valid [r] OK", "b@example.com invalid [] Bounced"]);
  expect(found.rows[0]).toMatchObject({ validated_at: "2025-01-01T10:00:00+01:00" });
  await expect(readResults(csv, { map: new Map([["email", "Mail"]]) })).rejects.toThrow(
    "list.csv:1: Mail: is not in the header; the header contains: Address, Result, Checked, Role?",
  );
  await expect(readResults("A,A,B\nx,y,z\n", { map: new Map([["email", "A"]]) })).rejects.toThrow(
    "A: appears 2 times in the header: name the column by its number, #1 or #2",
  );
});

test("an unknown word of a mapped file is a bad row that names some of the known words", async () => {
  const map = new Map([
    ["email", "A"],
    ["status", "B"],
  ] as const);
  const { rows } = await readResults("A,B\na@example.com,odd\n", { map });
  const fault =
    /^B: "odd" is not a status word of .*, which are valid, invalid, .*, …; say what it means with --status-word/;
  expect(rows).toEqual([{ line: 2, fault: expect.stringMatching(fault) }]);
  expect(JSON.stringify(rows).length).toBeLessThan(500);
});

test("a mapped date without a zone is a bad row", async () => {
  const map = new Map([
    ["email", "A"],
    ["status", "B"],
    ["validated_at", "C"],
  ] as const);
  const { rows } = await readResults("A,B,C\na@example.com,valid,2025-01-01 10:00:00\n", { map });
  expect(rows).toEqual([{ line: 2, fault: expect.stringContaining('C: "2025-01-01 10:00:00" has no time zone') }]);
});

test("a map and the meaning of a word are read, and faults are named", () => {
  expect(readColumnMap(['EMAIL=E-Mail,"status=Result, final"', "unknown_reason=Why"])).toEqual(
    new Map([
      ["email", "E-Mail"],
      ["status", "Result, final"],
      ["reason", "Why"],
    ]),
  );
  expect(readColumnMap(["Address"])).toContain("must be a list like email=Address,status=Result");
  expect(readColumnMap(["mail=Address"])).toContain("must name columns from this list: id, email, status");
  expect(readColumnMap(["email=A,email=B"])).toBe("--map must not name email twice");
  expect(readStatusWords(["Half=Good=catchall"])).toEqual(new Map([["half_good", "catchall"]]));
  expect(readStatusWords(["good=fine"])).toContain("STATE is one of valid, invalid");
});
