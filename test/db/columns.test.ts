import { PgDialect } from "drizzle-orm/pg-core";
import { expect, test } from "vitest";
import { columnsOf } from "../../src/db/columns.ts";
import { emails } from "../../src/db/schema.ts";

const columns = columnsOf(emails, ["id", "hasMxRecords", "domainName"]);
const textOf = (sql: typeof columns.sql) => new PgDialect().sqlToQuery(sql).sql;

test("the SQL list has the names of the database, with and without an alias of the table", () => {
  expect(textOf(columns.sql)).toBe("id, has_mx_records, domain_name");
  expect(textOf(columns.of("email"))).toBe("email.id, email.has_mx_records, email.domain_name");
});

test("the reader returns the columns from the start index on, by the names of the schema", () => {
  expect(columns.read(["an id", true, null])).toEqual({ id: "an id", hasMxRecords: true, domainName: null });
  expect(columns.read([7, "an id", false, "example.com"], 1)).toEqual({
    id: "an id",
    hasMxRecords: false,
    domainName: "example.com",
  });
});
