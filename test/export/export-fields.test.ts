import { expect, test } from "vitest";
import { readFields } from "../../src/export/export-fields.ts";

test("the fields of an export keep the requested order, and no list means all fields", () => {
  expect(readFields([])).toEqual({ fields: null, faults: [] });
  expect(readFields(["status, email,job_id"])).toEqual({ fields: ["status", "email", "job_id"], faults: [] });
  expect(readFields(["status", "email"])).toEqual({ fields: ["status", "email"], faults: [] });
});

test.each(["", "email,", "email,Email", "toString", "email,email"])("the list of fields %j is refused", (list) => {
  expect(readFields([list])).toEqual({ fields: null, faults: [{ field: "fields", reason: expect.any(String) }] });
});
