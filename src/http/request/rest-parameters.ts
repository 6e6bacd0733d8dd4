import { Failure, type FieldFault } from "../../errors.ts";
import { notTogetherWith } from "../../paging/connection.ts";
import { CURSOR_RULE, type CursorScope, positionOfCursor } from "../../paging/cursor.ts";
import {
  DEFAULT_LIMIT,
  DEFAULT_OFFSET,
  LIMIT_RULE,
  MAX_LIMIT,
  MAX_OFFSET,
  OFFSET_RULE,
  type Page,
} from "../../paging/page.ts";
import {
  bracketedNameIn,
  faultOfUnknown,
  nameBeforeBracket,
  ONCE_RULE,
  spellingIn,
} from "../../paging/parameter-names.ts";
import { faultOfRfc3339 } from "../../values/rfc3339.ts";
import { isUuid, UUID_RULE } from "../../values/uuid.ts";
import { ENCODING_RULE, readQueryString } from "./query-string.ts";

/** A URL of 8 KB can hold 4,000 unknown names, so the error names only the first few. */
const MAX_UNKNOWN_NAMED = 10;

/** The parameters that a path accepts. */
export interface KnownParameters {
  /** The parameters of the documented endpoint, which ignores unknown names. */
  readonly lenient?: readonly string[];
  /** The parameters of this API. A request with one of them, or to a path without `lenient`, must not have unknown names. */
  readonly strict?: readonly string[];
  /** The names in `strict` whose parameters are lists. */
  readonly lists?: ReadonlySet<string>;
}

interface IntegerBounds {
  readonly default: number;
  readonly min: number;
  readonly max: number;
  /** The reason in the error, which states the bounds. */
  readonly rule: string;
}

/** Reads the parameters of a request and collects their faults, so that one response names all wrong fields. */
export class RestParameters {
  /** The known parameters, with `name[]` as `name`. */
  readonly query = new URLSearchParams();
  readonly faults: FieldFault[] = [];

  constructor(url: string, { lenient = [], strict = [], lists = new Set() }: KnownParameters) {
    const known = [...lenient, ...strict];
    const unknown: string[] = [];
    let isStrict = lenient.length === 0;
    for (const { name, value } of readQueryString(url)) {
      const bracketed = bracketedNameIn(name);
      const field = bracketed !== null && lists.has(bracketed) ? bracketed : name;
      isStrict ||= strict.includes(nameBeforeBracket(name));
      if (!known.includes(field)) unknown.push(name);
      else if (value === null) this.faults.push({ field, reason: ENCODING_RULE });
      else this.query.append(field, value);
    }
    if (!isStrict) return;
    // jQuery adds `_` to bypass caches (`cache: false`).
    const refused = [...new Set(unknown)].filter((name) => name !== "_").slice(0, MAX_UNKNOWN_NAMED);
    this.faults.push(...refused.map((name) => faultOfUnknown(name, known)));
  }

  /** Returns the value of a parameter that may be given once, or null if it is absent. */
  single(field: string): string | null {
    const values = this.query.getAll(field);
    if (values.length > 1) this.faults.push({ field, reason: ONCE_RULE });
    return values.length === 1 ? (values[0] ?? null) : null;
  }

  /** Returns one of these words, or null if the parameter is absent. */
  oneOf<Word extends string>(field: string, words: readonly Word[]): Word | null {
    const value = this.single(field);
    const word = words.find((known) => known === value) ?? null;
    if (value !== null && word === null) this.faults.push({ field, reason: `must be one of ${words.join(", ")}` });
    return word;
  }

  /** Returns the UUID in lower case, as both APIs return it. */
  uuid(field: string, value: string): string {
    if (!isUuid(value)) this.faults.push({ field, reason: UUID_RULE });
    return value.toLowerCase();
  }

  /** Returns the cursor, which is empty for the first page, or null if the request does not page by cursor. */
  after(scope: CursorScope): string | null {
    const after = this.single("after");
    if (after === null) return null;
    if (after !== "" && positionOfCursor(scope, after) === null) {
      this.faults.push({ field: "after", reason: CURSOR_RULE });
    }
    // Some clients always send `offset=0`, which changes nothing.
    if (!/^0+$/.test(this.query.get("offset") ?? "0"))
      this.faults.push({ field: "offset", reason: notTogetherWith("after") });
    return after;
  }

  page(): Page {
    return {
      limit: this.integer("limit", { default: DEFAULT_LIMIT, min: 1, max: MAX_LIMIT, rule: LIMIT_RULE }),
      offset: this.integer("offset", { default: DEFAULT_OFFSET, min: 0, max: MAX_OFFSET, rule: OFFSET_RULE }),
    };
  }

  /** Returns the timestamp as text, because a `Date` would lose its microseconds. */
  moment(name: string): string | null {
    const { given: field = name, faults } = spellingIn(this.query, name);
    this.faults.push(...faults);
    const value = this.single(field);
    const fault = value === null ? null : faultOfRfc3339(value);
    if (fault !== null) this.faults.push({ field, reason: fault });
    return value;
  }

  /** Throws INVALID_INPUT if there are faults. */
  check(): void {
    if (this.faults.length > 0) throw Failure.ofFields(this.faults);
  }

  /** Accepts only decimal digits, because `Number` also accepts `1e2`, `+5`, ` 5`, `0x10` and `1.0`. */
  private integer(field: string, bounds: IntegerBounds): number {
    const values = this.query.getAll(field);
    if (values.length === 0) return bounds.default;
    const value = values.length === 1 && /^[0-9]+$/.test(values[0] ?? "") ? Number(values[0]) : Number.NaN;
    if (value >= bounds.min && value <= bounds.max) return value;
    this.faults.push({ field, reason: values.length > 1 ? ONCE_RULE : bounds.rule });
    return bounds.default;
  }
}
