import { expect, test } from "vitest";
import { isRfc3339Representable, isTimestamptz, rfc3339OfTimestamptz } from "../../src/values/rfc3339.ts";

test.each([
  ["2025-01-01 12:00:01+00", "2025-01-01T12:00:01Z"],
  ["2025-01-01 12:00:01.5+00", "2025-01-01T12:00:01.5Z"],
  ["0001-01-01 00:00:00+00", "0001-01-01T00:00:00Z"],
  ["9999-12-31 23:59:59.999999+00", "9999-12-31T23:59:59.999999Z"],
])("the timestamp %s is written as %s without loss", (text, expected) => {
  expect(isRfc3339Representable(text)).toBe(true);
  expect(rfc3339OfTimestamptz(text)).toBe(expected);
});

test.each([
  ["infinity", "9999-12-31T23:59:59.999999Z"],
  ["10000-01-01 00:00:00+00", "9999-12-31T23:59:59.999999Z"],
  ["294276-12-31 23:59:59.999999+00", "9999-12-31T23:59:59.999999Z"],
  ["-infinity", "0001-01-01T00:00:00Z"],
  ["0001-12-31 23:59:59.999999+00 BC", "0001-01-01T00:00:00Z"],
  ["4713-11-24 00:00:00+00 BC", "0001-01-01T00:00:00Z"],
  ["10000-01-01 00:00:00+00 BC", "0001-01-01T00:00:00Z"],
])("the timestamp %s is written as the nearest one that RFC 3339 expresses", (text, expected) => {
  expect(isRfc3339Representable(text)).toBe(false);
  expect(rfc3339OfTimestamptz(text)).toBe(expected);
});

test.each([
  ["infinity", true],
  ["-infinity", true],
  ["2024-02-29 00:00:00+00", true],
  ["10000-02-29 00:00:00.000001+00", true],
  ["0001-02-29 00:00:00+00 BC", true],
  ["0044-03-15 10:00:00+00 BC", true],
  ["294276-12-31 23:59:59.999999+00", true],
  ["0000-01-01 00:00:00+00", false],
  ["2025-02-29 00:00:00+00", false],
  ["0002-02-29 00:00:00+00 BC", false],
  ["294277-01-01 00:00:00+00", false],
  ["4714-01-01 00:00:00+00 BC", false],
  ["012025-01-01 00:00:00+00", false],
  ["2025-01-01 24:00:00+00", false],
  ["2025-13-01 00:00:00+00", false],
  ["2025-01-01 00:00:00+01", false],
  ["2025-01-01 00:00:00.1234567+00", false],
  ["2025-01-01T00:00:00Z", false],
  ["now", false],
  ["Infinity", false],
])("whether a cursor may carry %s is %s", (text, expected) => {
  expect(isTimestamptz(text)).toBe(expected);
});
