import { expect, test } from "vitest";
import { acceptedType } from "../../src/http/request/accepted-type.ts";

const JSON_TYPE = { type: "application/json" };
const GRAPHQL = { type: "application/graphql-response+json" };
const CSV = { type: "text/csv", parameters: { charset: "utf-8", header: "present" } };

test.each([
  [undefined, "application/json"],
  ["", "application/json"],
  ["*/*", "application/json"],
  ["*/*;q=0.1", "application/json"],
  ["text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2", "application/json"],
  ["text/html, */*; q=.5", "application/json"],
  ["application/*", "application/json"],
  ["text/*", "text/csv"],
  ["application/json; charset=utf-8", "application/json"],
  ['application/json;charset="UTF-8";q=0.5', "application/json"],
  ["application/json; odata=verbose", "application/json"],
  ["APPLICATION/JSON", "application/json"],
  ["text/csv; charset=utf-8; header=present", "text/csv"],
  ["text/csv; header=absent", null],
  ["text/csv; header=absent, */*;q=0.1", "application/json"],
  ["text/csv; charset=iso-8859-1", null],
  ["application/graphql-response+json, application/json;q=0.9", "application/graphql-response+json"],
  ["application/json, application/graphql-response+json", "application/json"],
  ["application/graphql-response+json, application/json", "application/graphql-response+json"],
  ["application/json;q=0.5, application/graphql-response+json", "application/graphql-response+json"],
  ["application/graphql-response+json;q=0, application/json", "application/json"],
  ["application/graphql-response+json;q=0", null],
  ["application/json;q=0, */*", "application/graphql-response+json"],
  ["application/json;q=0.000, application/*;q=0.2", "application/graphql-response+json"],
  ["*/*, text/csv;q=0.1", "application/json"],
  ["text/html, image/png", null],
  ["*/*;q=0", null],
  ["json", "application/json"],
  [";;;,,,", "application/json"],
  ["text/html;q=7", "application/json"],
  ["text/html, json", null],
  ['text/html;x="a,application/json;q=1"', null],
  ['application/json;x="unclosed, text/html', "application/json"],
] as const)("Accept: %s is answered with %s", (accept, type) => {
  expect(acceptedType(accept, [JSON_TYPE, GRAPHQL, CSV])?.type ?? null).toBe(type);
});

test("a long Accept header is parsed in linear time", () => {
  for (const accept of ['"'.repeat(8000), '\\"'.repeat(4000), "a/b;".repeat(2000), ",".repeat(8000)]) {
    const before = process.cpuUsage();
    acceptedType(accept, [JSON_TYPE]);
    // The time of the processor, because a machine may pause for a second.
    expect(process.cpuUsage(before).user).toBeLessThan(500_000);
  }
});
