import { describe, expect, test } from "vitest";
import { type Cells, COLUMN_NAMES, isRowFault, parseResultRow } from "../../src/import/result-row.ts";

const parse = (cells: Cells) => parseResultRow({ email: "ada@example.com", status: "valid", ...cells });
const readValue = (column: keyof Cells, cell: unknown) => {
  const row = parse({ [column]: cell });
  return isRowFault(row) ? row : row[column];
};
const readFault = (column: keyof Cells, cell: unknown) => {
  const row = parse({ [column]: cell });
  return isRowFault(row) ? `${row.column}: ${row.reason}` : "no fault";
};

test("the columns are the keys of the documented JSON in their order, followed by the columns of the job", () => {
  expect(COLUMN_NAMES.join(" ")).toBe(
    "id email status is_role_based is_disposable has_mx_records has_reverse_dns domain_name host_name server_type " +
      "is_catchall validated_at unknown_reason needs_physical_verify email_address job_status job_created_at job_updated_at",
  );
});

test("a row needs only an address and a status", () => {
  expect(parse({})).toEqual({
    id: null,
    email: "ada@example.com",
    status: "valid",
    is_role_based: "f",
    is_disposable: "f",
    has_mx_records: "f",
    has_reverse_dns: "f",
    domain_name: null,
    host_name: null,
    server_type: null,
    is_catchall: "f",
    validated_at: null,
    unknown_reason: null,
    needs_physical_verify: "f",
    email_address: null,
    job_status: "completed",
    job_created_at: null,
    job_updated_at: null,
  });
});

test("a row without a status is a pending job unless the row has a job status", () => {
  for (const status of [undefined, null, "", "  "]) expect(parse({ status })).toMatchObject({ job_status: "pending" });
  expect(parse({ status: "", job_status: "Failed" })).toMatchObject({ status: null, job_status: "failed" });
});

test("an unknown email status is stored unchanged", () => {
  expect(readValue("status", "Probably Fine")).toBe("Probably Fine");
});

test("a boolean can be written in several usual forms", () => {
  for (const cell of ["true", "TRUE", "t", "1", "Yes", " true ", true, 1])
    expect(readValue("is_catchall", cell)).toBe("t");
  for (const cell of ["false", "F", "0", "no", "", " ", null, undefined, false, 0]) {
    expect(readValue("is_catchall", cell)).toBe("f");
  }
  expect(readFault("is_disposable", "maybe")).toBe('is_disposable: "maybe" is not a boolean (true or false)');
  expect(readFault("is_disposable", 2)).toContain("is not a boolean");
  expect(readFault("is_disposable", {})).toBe("is_disposable: an object is not a boolean (true or false)");
});

describe("a timestamp", () => {
  test.each([
    "2025-01-01T12:00:01Z",
    "2025-01-01t12:00:01.123456z",
    "2025-01-01 12:00:01.5+05:30",
    "2024-02-29T23:59:59-15:59",
    "2000-02-29T00:00:00Z",
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59.999999Z",
  ])("the timestamp %s is stored unchanged", (text) => {
    expect(readValue("validated_at", text)).toBe(text);
  });

  test.each([
    ["2025-01-01T12:00:01", "is not an RFC 3339 timestamp"],
    ["2025-01-01", "is not an RFC 3339 timestamp"],
    ["01/02/2025", "is not an RFC 3339 timestamp"],
    ["2025-01-01T12:00Z", "is not an RFC 3339 timestamp"],
    ["2025-01-01T24:00:00Z", "is not an RFC 3339 timestamp"],
    ["2025-01-01T12:00:60Z", "is not an RFC 3339 timestamp"],
    ["infinity", "is not an RFC 3339 timestamp"],
    ["2025-01-01T12:00:01.1234567Z", "six fractional digits"],
    ["2025-02-30T12:00:00Z", "a day that does not exist"],
    ["2025-02-29T12:00:00Z", "a day that does not exist"],
    ["1900-02-29T12:00:00Z", "a day that does not exist"],
    ["2025-13-01T12:00:00Z", "a day that does not exist"],
    ["2025-00-10T12:00:00Z", "a day that does not exist"],
    ["2025-04-31T12:00:00Z", "a day that does not exist"],
    ["2025-01-01T12:00:00+16:00", "an offset that does not exist"],
    ["0000-12-31T12:00:00Z", "outside of the years 1 to 9999"],
    ["0001-01-01T00:00:00+01:00", "outside of the years 1 to 9999"],
    ["9999-12-31T23:59:59-00:01", "outside of the years 1 to 9999"],
    [1735732800, "must be text, not a number"],
  ])("the timestamp %s is rejected because it %s", (cell, reason) => {
    expect(readFault("validated_at", cell)).toContain(reason);
  });
});

test("an id is a UUID in upper or lower case and is stored in lower case", () => {
  expect(readValue("id", " A0000000-0000-0000-0000-00000000000F ")).toBe("a0000000-0000-0000-0000-00000000000f");
  expect(readFault("id", "{a0000000-0000-0000-0000-00000000000f}")).toContain("is not a UUID");
});

test("an address can be any text of up to 998 characters, because verifiers also report invalid addresses", () => {
  expect(readValue("email", "no at sign")).toBe("no at sign");
  expect(readValue("email", "x".repeat(998))).toHaveLength(998);
  expect(readFault("email", "x".repeat(999))).toBe("email: is longer than 998 characters");
  for (const cell of ["", " ", null, undefined]) expect(readFault("email", cell)).toBe("email: must not be empty");
});

test("text that cannot be stored unchanged is rejected", () => {
  expect(readFault("host_name", "a\0b")).toContain("NUL");
  expect(readFault("host_name", "\ud800")).toContain("surrogate");
  expect(readValue("host_name", "😀")).toBe("😀");
  expect(readFault("host_name", "€".repeat(1366))).toBe("host_name: is longer than 4096 bytes");
  expect(readFault("host_name", ["a"])).toBe("host_name: must be text, not a list");
});

test("a result is rejected if its texts are longer in total than the database allows", () => {
  const half = "x".repeat(2048);
  const row = parse({ domain_name: half, host_name: half });
  expect(row).toEqual({ column: null, reason: "the texts of the result are longer than 4096 bytes in total" });
});

test("a reason contains no address and no long value", () => {
  expect(readFault("is_catchall", "grace@example.com")).not.toContain("grace");
  expect(readFault("is_catchall", "y".repeat(500))).toContain(`"${"y".repeat(60)}…"`);
});

test("the error for an unknown job status lists the known ones", () => {
  expect(readFault("job_status", "done")).toBe(
    'job_status: "done" is not one of pending, processing, completed, failed',
  );
});
