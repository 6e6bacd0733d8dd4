import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { DELIVERABILITIES, deliverabilityOfStatus } from "../../src/email/deliverability.ts";
import { type SimulatedResult, simulateResult } from "../../src/simulation/simulated-result.ts";

const addresses = readFileSync("sample/batch.csv", "utf8")
  .trim()
  .split("\n")
  .slice(1)
  .map((line) => line.split(",")[0] ?? "");
const results = addresses.map(simulateResult).filter((result): result is SimulatedResult => result !== null);

test("the simulated results of the sample contain every status of both generations, every deliverability and every flag", () => {
  const statuses = [...new Set(results.map(({ status }) => status))].sort();
  expect(statuses.join(" ")).toBe("catchall disposable_domain exists invalid invalid_syntax not_exists unknown valid");
  expect(new Set(statuses.map(deliverabilityOfStatus))).toEqual(new Set(DELIVERABILITIES));
  for (const flag of [
    "is_role_based",
    "is_disposable",
    "has_mx_records",
    "has_reverse_dns",
    "is_catchall",
    "needs_physical_verify",
  ] as const) {
    expect([flag, new Set(results.map((result) => result[flag]))]).toEqual([flag, new Set([true, false])]);
  }
  expect(new Set(results.map((result) => result.server_type)).size).toBe(10);
});

test("between one and five percent of the simulated jobs of the sample fail", () => {
  const failed = (addresses.length - results.length) / addresses.length;
  expect([failed > 0.01, failed < 0.05]).toEqual([true, true]);
});

test("a flag of a simulated result agrees with its status", () => {
  const wrong = results.filter(
    (result) =>
      (result.status === "catchall") !== result.is_catchall ||
      (result.status === "unknown") !== (result.unknown_reason !== null) ||
      (result.status === "disposable_domain" && !result.is_disposable) ||
      (result.status === "invalid_syntax") !== (result.domain_name === null),
  );
  expect(wrong).toEqual([]);
});

test("a simulated result depends on the address alone", () => {
  expect(simulateResult("ada@example.com")).toEqual(simulateResult("ada@example.com"));
  expect(simulateResult("ada@example.com")?.id).toMatch(
    /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/,
  );
  expect(new Set(results.map(({ id }) => id)).size).toBe(new Set(results.map(({ email }) => email)).size);
});

test("an address that is too long for a record fails, and one without a domain has no valid syntax", () => {
  expect(simulateResult(`${"é".repeat(130)}@example.com`)).toBeNull();
  const broken = ["", "ada", "@", "ada@", "ada@@example.com", "ada@.example.com", 'ada"@example.com', "ada@localhost"];
  for (const address of broken) {
    expect([address, simulateResult(address)?.status ?? "invalid_syntax"]).toEqual([address, "invalid_syntax"]);
  }
});
