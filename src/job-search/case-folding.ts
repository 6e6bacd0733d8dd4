/** The highest code point with two cases, in the Adlam script. */
const LAST_CASED = 0x1e943;
const LAST_ASCII = 0x7f;

/** A text to search for in `lower(… collate "C")`, which folds only ASCII and gives the same result in every database. */
export interface FoldedText {
  readonly folded: string;
  /** A LIKE pattern that fits every match: `_` replaces each non-ASCII letter that has several cases. */
  readonly pattern: string;
  /** `translate(…, from, to)` folds these letters in the searched text. Empty if `pattern` is exact. */
  readonly from: string;
  readonly to: string;
}

/** Folds non-ASCII letters here, because PostgreSQL folds them by the locale of the database. */
export function foldCase(text: string): FoldedText {
  const letters = [...text].map((letter) => {
    const cases = casesOf(letter);
    return { folded: cases[0] ?? asciiLower(letter), cases };
  });
  const isFolded = new Map(letters.flatMap(({ folded, cases }) => cases.slice(1).map((other) => [other, folded])));
  return {
    folded: letters.map(({ folded }) => folded).join(""),
    pattern: letters.map(({ folded, cases }) => (cases.length > 0 ? "_" : escapeLike(folded))).join(""),
    from: [...isFolded.keys()].join(""),
    to: [...isFolded.values()].join(""),
  };
}

/** ASCII letters match only ASCII letters, because neither the Turkish `ı` nor the Kelvin sign occurs in a domain name. */
function asciiLower(letter: string): string {
  return /[A-Z]/.test(letter) ? letter.toLowerCase() : letter;
}

function escapeLike(letter: string): string {
  return letter.replace(/[\\%_]/, "\\$&");
}

let casesByLetter: ReadonlyMap<string, readonly string[]> | null = null;

/** All cases of a non-ASCII letter, in the same order for each of them. Empty if the letter has only one case. */
function casesOf(letter: string): readonly string[] {
  if ((letter.codePointAt(0) ?? 0) <= LAST_ASCII) return [];
  // Built at the first search for such a letter, because it takes some 20 ms.
  casesByLetter ??= readCases();
  return casesByLetter.get(letter) ?? [];
}

/** Unicode's simple case mappings, in both directions: σ, ς and Σ belong together, and so do ß and ẞ. */
function readCases(): Map<string, readonly string[]> {
  const cases = new Map<string, readonly string[]>();
  for (let code = LAST_ASCII + 1; code <= LAST_CASED; code++) {
    const letter = String.fromCodePoint(code);
    for (const other of [letter.toLowerCase(), letter.toUpperCase()]) {
      if (other === letter || !isOneLetterOutsideAscii(other)) continue;
      const all = [...new Set([...(cases.get(letter) ?? [letter]), ...(cases.get(other) ?? [other])])].sort();
      for (const one of all) cases.set(one, all);
    }
  }
  return cases;
}

function isOneLetterOutsideAscii(text: string): boolean {
  const code = text.codePointAt(0) ?? 0;
  return code > LAST_ASCII && String.fromCodePoint(code) === text;
}
