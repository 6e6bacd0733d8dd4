import fc from "fast-check";
import { expect, test } from "vitest";
import { guardFormula, unguardFormula } from "../../src/values/formula-guard.ts";

const TRICKY = fc
  .array(
    fc.constantFrom("=", "+", "-", "@", "＝", "＠", "'", '"', " ", ";", "|", "\t", "\r", "\n", ",", "a", "\u00a0"),
    {
      maxLength: 12,
    },
  )
  .map((characters) => characters.join(""));

test("the guard of any text can be removed again", () => {
  fc.assert(
    fc.property(TRICKY, (text) => {
      expect(unguardFormula(guardFormula(text))).toBe(text);
    }),
    { numRuns: 5_000, seed: 20_260 },
  );
});

test("no part of a guarded text begins with a formula, wherever a spreadsheet splits it", () => {
  fc.assert(
    fc.property(TRICKY, (text) => {
      for (const separator of [/;/, /\|/, /\t/, /[\r\n]/]) {
        const [first, ...others] = guardFormula(text).split(separator);
        // The cell itself is quoted, so only the other parts can begin with a quote that belongs to the text.
        const starts = [first?.trimStart(), ...others.map((part) => part.replace(/^["\s]*/, ""))];
        for (const start of starts) expect(start).not.toMatch(/^[=+\-@＝＋－＠]/);
      }
    }),
    { numRuns: 5_000, seed: 20_260 },
  );
});

test.each([
  ["a;=1+1", "a;'=1+1"],
  ['x; "=1', `x;' "=1`],
  ["a\n+1", "a\n'+1"],
  ["=1;@x", "'=1;'@x"],
  ["a;'=1", "a;''=1"],
  ["a\t＝1", "a\t'＝1"],
])("the text %j is guarded as %j", (text, guarded) => {
  expect(guardFormula(text)).toBe(guarded);
});

test.each(["plain", "a;b", "a; b|c\nd", "o'neil@example.com", "a=b;c-d", "550 5.1.1\n550 no"])(
  "the ordinary text %j stays as it is",
  (text) => {
    expect(guardFormula(text)).toBe(text);
    expect(unguardFormula(text)).toBe(text);
  },
);
