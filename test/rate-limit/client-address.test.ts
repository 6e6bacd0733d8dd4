import { describe, expect, test } from "vitest";
import { addressKey } from "../../src/rate-limit/client-address.ts";

const areOne = (one: string, other: string) => addressKey(one) === addressKey(other);

describe("an address is counted", () => {
  test.each([
    ["2001:db8:1:aa00::1", "2001:db8:1:aaff:ffff:ffff:ffff:ffff"],
    ["2001:db8:1:aa00::1", "2001:0DB8:0001:AA01:0:0:0:2"],
    ["::ffff:192.0.2.1", "192.0.2.1"],
    ["::ffff:c000:201", "192.0.2.1"],
    ["fe80::1%eth0", "fe80::2%eth1"],
    ["::1", "::2"],
    ["192.0.2.1:5678", "192.0.2.1"],
    ["192.0.2.1:5678", "192.0.2.1:1"],
    [" 192.0.2.1 ", "192.0.2.1"],
    ["[192.0.2.1]:80", "192.0.2.1"],
    ["[2001:db8:1:aa00::1]:80", "2001:db8:1:aa00::1"],
    ["[::ffff:192.0.2.1]:80", "192.0.2.1"],
    ["[2001:db8:1:aa00::1]:_port", "[2001:db8:1:aa00::1]"],
  ])("the address %s is counted together with %s", (one, other) => {
    expect(areOne(one, other)).toBe(true);
  });

  test.each([
    ["2001:db8:1:aa00::1", "2001:db8:1:ab00::1"],
    ["::ffff:1.2.3.4", "::ffff:5.6.7.8"],
    ["192.0.2.1", "192.0.2.2"],
    ["::1", "0.0.0.1"],
    ["1::", "::1"],
  ])("the address %s is counted apart from %s", (one, other) => {
    expect(areOne(one, other)).toBe(false);
  });

  test.each([
    "",
    "unknown",
    "_x",
    "unknown:80",
    "1.2.3",
    "127.1",
    "0x7f000001",
    "::g",
    "[::1",
    "]:80",
    "1.2.3.4.5:6",
    "01.2.3.4",
    "a".repeat(10_000),
  ])("the invalid address %j is counted together with all other invalid ones", (text) => {
    expect(areOne(text, "nonsense")).toBe(true);
  });
});
