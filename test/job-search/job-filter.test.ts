import { describe, expect, test } from "vitest";
import { FILTER_PARAMETERS, readFilterParameters } from "../../src/job-search/job-filter.ts";

const read = (query: string) => readFilterParameters(new URLSearchParams(query));
const faults = (query: string) => read(query).faults.map(({ field, reason }) => `${field} ${reason}`);

test("a query string without filter parameters is an empty filter, and other parameters are ignored", () => {
  expect(read("")).toEqual({ filter: {}, faults: [] });
  expect(read("limit=10&format=csv&Status=failed&constructor=1")).toEqual({ filter: {}, faults: [] });
});

test("each parameter becomes the field of the filter", () => {
  const query =
    "status=failed&status=pending&email_status=Probably+Fine&email_status=valid&deliverability=risky&deliverability=unknown" +
    "&is_role_based=true&is_disposable=false&has_mx_records=true&has_reverse_dns=false&is_catchall=true" +
    "&needs_physical_verify=false&has_unknown_reason=true&has_email=false&domain=example.com&domain=Example.org&q=%40Ex" +
    "&created_from=2025-01-01T00:00:00.000001Z&created_to=2025-01-02T00:00:00%2B02:00" +
    "&updated_since=2025-01-03T00:00:00Z&updated_to=2025-01-04T00:00:00Z";
  expect(new Set(new URLSearchParams(query).keys())).toEqual(new Set(FILTER_PARAMETERS));
  expect(read(query)).toEqual({
    filter: {
      status: ["failed", "pending"],
      emailStatus: ["Probably Fine", "valid"],
      deliverability: ["RISKY", "UNKNOWN"],
      isRoleBased: true,
      isDisposable: false,
      hasMxRecords: true,
      hasReverseDns: false,
      isCatchall: true,
      needsPhysicalVerify: false,
      hasUnknownReason: true,
      hasEmail: false,
      domain: ["example.com", "Example.org"],
      addressContains: "@Ex",
      createdFrom: "2025-01-01T00:00:00.000001Z",
      createdTo: "2025-01-02T00:00:00+02:00",
      updatedFrom: "2025-01-03T00:00:00Z",
      updatedTo: "2025-01-04T00:00:00Z",
    },
    faults: [],
  });
});

describe("the reason of a wrong parameter states the rule", () => {
  test.each([
    ["status=done", "status must be one of pending, processing, completed, failed"],
    ["status=FAILED", "status must be one of pending, processing, completed, failed"],
    ["status=failed&status=", "status must be one of pending, processing, completed, failed"],
    ["deliverability=RISKY", "deliverability must be one of deliverable, undeliverable, risky, unknown"],
    ["email_status=", "email_status must not be empty"],
    ["domain=a&domain=", "domain must not be empty"],
    ["is_catchall=1", "is_catchall must be true or false"],
    ["has_email=", "has_email must be true or false"],
    ["has_email=true&has_email=true", "has_email must not be given more than once"],
    ["q=", "q must not be empty"],
    ["q=a&q=b", "q must not be given more than once"],
    ["q=%00", "q must be text of up to 998 characters without NUL"],
    [`q=${"x".repeat(999)}`, "q must be text of up to 998 characters without NUL"],
    ["domain=%00", "domain must be text of up to 998 characters without NUL"],
    ["email_status=x&".repeat(101), "email_status must not have more than 100 values"],
    ["updated_since=yesterday", /^updated_since is not an RFC 3339 timestamp/],
    ["created_to=2025-02-30T00:00:00Z", "created_to is a day that does not exist"],
    ["created_from=2025-01-01T00:00:00Z&created_from=", "created_from must not be given more than once"],
  ])("the parameters %s have one fault, which states the rule", (query, said) => {
    expect(faults(query)).toEqual([said instanceof RegExp ? expect.stringMatching(said) : said]);
  });

  test("all wrong parameters are named at once", () => {
    expect(faults("status=x&q=&has_email=2&updated_to=x")).toHaveLength(4);
  });
});
