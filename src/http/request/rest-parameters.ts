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
import { faultOfRfc3339 } from "../../values/rfc3339.ts";
import { isUuid, UUID_RULE } from "../../values/uuid.ts";
import { bracketedNameIn, faultOfUnknown, nameBeforeBracket, spellingIn } from "./parameter-names.ts";
import { ENCODING_RULE, readQueryString } from "./query-string.ts";

/** A URL of 8 KB can hold 4,000 unknown names, so the error names only the first few. */
const MAX_UNKNOWN_NAMED = 10;

const ONCE_RULE = "must not be given more than once";

/** The parameters that a path accepts. */
export interface KnownParameters {
  /** Names beside which unknown names are ignored, as the documented endpoint always did. Other paths refuse unknown names. */
  readonly lenient?: readonly string[];
  readonly strict?: readonly string[];
  /** The names in `strict` whose parameters are lists. */
  readonly lists?: ReadonlySet<string>;
}

/** Reads a request's parameters and collects what is wrong with them, so that all wrong fields are named at once. */
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

  /** A parameter that is given once; null when it is absent. */
  single(field: string): string | null {
    const values = this.query.getAll(field);
    if (values.length > 1) this.faults.push({ field, reason: ONCE_RULE });
    return values.length === 1 ? (values[0] ?? null) : null;
  }

  /** Returns it in lower case, as both APIs answer it. */
  uuid(field: string, value: string): string {
    if (!isUuid(value)) this.faults.push({ field, reason: UUID_RULE });
    return value.toLowerCase();
  }

  /** Where a walk by cursor goes on: empty at its beginning, null when none is asked for. */
  after(scope: CursorScope): string | null {
    const after = this.single("after");
    if (after === null) return null;
    if (after !== "" && positionOfCursor(scope, after) === null) {
      this.faults.push({ field: "after", reason: CURSOR_RULE });
    }
    // Clients that always send an offset send 0, which asks for nothing.
    if (!/^0+$/.test(this.query.get("offset") ?? "0"))
      this.faults.push({ field: "offset", reason: notTogetherWith("after") });
    return after;
  }

  page(): Page {
    return {
      limit: this.integer("limit", DEFAULT_LIMIT, 1, MAX_LIMIT, LIMIT_RULE),
      offset: this.integer("offset", DEFAULT_OFFSET, 0, MAX_OFFSET, OFFSET_RULE),
    };
  }

  /** As text, since Postgres reads it to the microsecond. */
  moment(name: string): string | null {
    const { given: field = name, faults } = spellingIn(this.query, name);
    this.faults.push(...faults);
    const value = this.single(field);
    const fault = value === null ? null : faultOfRfc3339(value);
    if (fault !== null) this.faults.push({ field, reason: fault });
    return value;
  }

  /** Fails as INVALID_INPUT when anything was wrong. */
  check(): void {
    if (this.faults.length > 0) throw Failure.ofFields(this.faults);
  }

  /** Decimal digits alone: `1e2`, `+5`, ` 5`, `0x10` and `1.0` are numbers to JavaScript. */
  private integer(field: string, fallback: number, min: number, max: number, reason: string): number {
    const values = this.query.getAll(field);
    if (values.length === 0) return fallback;
    const value = values.length === 1 && /^[0-9]+$/.test(values[0] ?? "") ? Number(values[0]) : Number.NaN;
    if (value >= min && value <= max) return value;
    this.faults.push({ field, reason: values.length > 1 ? ONCE_RULE : reason });
    return fallback;
  }
}
