import { getTableColumns } from "drizzle-orm";
import { expect, test } from "vitest";
import { emails } from "../../src/db/schema.ts";
import { EMAIL_COLUMNS, type EmailRecord, isRepresentable } from "../../src/email/email.queries.ts";
import { MAX_TEXT_CHARS } from "../../src/values/text-limit.ts";

const columns = Object.entries(getTableColumns(emails));
const selected = Object.keys(EMAIL_COLUMNS.read([])) as (keyof EmailRecord)[];
const columnsWhere = (isWanted: (column: (typeof columns)[number][1]) => boolean) =>
  selected.filter((name) => columns.some(([key, column]) => key === name && isWanted(column)));

const notNull = columnsWhere((column) => column.notNull && !column.primary);
const texts = columnsWhere((column) => column.columnType === "PgText");

function recordWith(changes: Partial<Record<keyof EmailRecord, unknown>>): EmailRecord {
  const filled = columns.map(([name, column]) => [name, column.columnType === "PgBoolean" ? true : "a"]);
  return { ...Object.fromEntries(filled), validatedAt: null, ...changes } as EmailRecord;
}

test("an email record with a value in every column can be represented", () => {
  expect(isRepresentable(recordWith({}))).toBe(true);
  expect([notNull.length > 5, texts.length > 4]).toEqual([true, true]);
});

test.each(notNull)(
  "an email record cannot be represented if %s, which is never null in a response, is null",
  (name) => {
    expect(isRepresentable(recordWith({ [name]: null }))).toBe(false);
  },
);

test.each(texts)("an email record cannot be represented if %s is longer than a response may contain", (name) => {
  expect(isRepresentable(recordWith({ [name]: "a".repeat(MAX_TEXT_CHARS + 1) }))).toBe(false);
});
