import fc from "fast-check";
import { jobOf, TASKS } from "./data.mjs";

/** Texts that caused failures or vulnerabilities in other programs. */
const CLASSICS = [
  "",
  " ",
  "\u0000",
  "a\u0000b",
  "\ud800",
  "\udfff\ud800",
  "\u202e\u0000",
  "' or '1'='1",
  "1; drop table tasks; --",
  "') union select key_hash from api_keys --",
  "$1",
  "{{7*7}}",
  "../../etc/passwd",
  "%2e%2e%2f",
  "<script>alert(1)</script>",
  '{"$ne":null}',
  "__proto__",
  "constructor",
  "toString",
  "NaN",
  "Infinity",
  "undefined",
  "null",
  "\r\nX-Injected: 1",
  "\u001b[2J",
  "٣",
  "１０",
  "é".repeat(300),
  "\u{1f4a9}",
  "a".repeat(5000),
  "((((((((((((((((((((a+)+)+)+)+)+)+$",
  "a@a.example",
  `${"a@".repeat(500)}a`,
];

export const hostileText = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...CLASSICS) },
  {
    weight: 1,
    arbitrary: fc.array(fc.nat({ max: 0xffff }), { maxLength: 20 }).map((units) => String.fromCharCode(...units)),
  },
  { weight: 1, arbitrary: fc.string({ maxLength: 20 }) },
);

const ALMOST_IDS = [
  (id) => `{${id}}`,
  (id) => id.replaceAll("-", ""),
  (id) => `urn:uuid:${id}`,
  (id) => ` ${id}`,
  (id) => `${id} `,
  (id) => `${id}\n`,
  (id) => `${id}\u0000`,
  (id) => id.slice(0, -1),
  (id) => `${id}0`,
  (id) => id.replace("-", ""),
  (id) => id.replace("-", "‐"),
  (id) => id.replace("0", "g"),
  (id) => id.replace("0", "０"),
  (id) => `${id}' or true --`,
  (id) => id.replace(/(....)-?/g, "$1-").slice(0, -1),
];

const taskIds = TASKS.map(({ id }) => id);
const otherIds = [
  "00000000-0000-0000-0000-000000000000",
  "ffffffff-ffff-ffff-ffff-ffffffffffff",
  ...TASKS.filter(({ jobs }) => jobs > 0).flatMap((task) => [jobOf(task, 0).id, jobOf(task, 0).emailId]),
];

/** UUIDs, almost valid UUIDs and other text. */
export const idText = fc.oneof(
  { weight: 20, arbitrary: fc.constantFrom(...taskIds) },
  { weight: 3, arbitrary: fc.constantFrom(...taskIds).map((id) => id.toUpperCase()) },
  { weight: 2, arbitrary: fc.constantFrom(...otherIds) },
  { weight: 2, arbitrary: fc.uuid() },
  {
    weight: 4,
    arbitrary: fc.tuple(fc.constantFrom(...taskIds), fc.constantFrom(...ALMOST_IDS)).map(([id, change]) => change(id)),
  },
  { weight: 2, arbitrary: hostileText },
);

/** Integers, almost valid integers and other text. */
export const integerText = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: 1, max: 100 }).map(String) },
  { weight: 2, arbitrary: fc.integer({ min: -3, max: 300 }).map(String) },
  {
    weight: 4,
    arbitrary: fc.constantFrom(
      ..."0 1 100 101 1000 -1 -0 +5 00010 1e2 1E2 0x10 0b1 0o7 1.0 1. .5 1_0 1,0 5; 2147483647 2147483648 4294967296".split(
        " ",
      ),
      ..."9007199254740993 9223372036854775808 1e309 -1e309 NaN Infinity true [] {} 10n".split(" "),
      " 5",
      "5 ",
      "5\n",
      "\n5",
      "5\u0000",
      "",
      "9".repeat(400),
      "0".repeat(400),
    ),
  },
  { weight: 1, arbitrary: fc.integer().map(String) },
  { weight: 1, arbitrary: hostileText },
);
