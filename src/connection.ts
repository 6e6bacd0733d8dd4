import { type CursorScope, cursorOf, type Position, positionOfCursor } from "./cursor.ts";
import { Failure, type FieldFault } from "./errors.ts";
import { DEFAULT_LIMIT, LIMIT_RULE, MAX_LIMIT } from "./page.ts";

/** The paging arguments of a Relay connection, as a caller gives them. */
export interface ConnectionArguments {
  readonly first?: number | null | undefined;
  readonly after?: string | null | undefined;
  readonly last?: number | null | undefined;
  readonly before?: string | null | undefined;
}

/** What to read for one page: one row more than wanted tells whether there is more. */
export interface Stretch {
  readonly after: Position | null;
  readonly before: Position | null;
  /** From the end: `last`. */
  readonly backwards: boolean;
  readonly limit: number;
}

export interface ConnectionPage<Row> {
  readonly rows: readonly Row[];
  readonly cursors: readonly string[];
  readonly hasNextPage: boolean;
  readonly hasPreviousPage: boolean;
}

/** Fails as INVALID_INPUT, with every wrong size at once. */
export function stretchOf(scope: CursorScope, { first, after, last, before }: ConnectionArguments): Stretch {
  const faults: FieldFault[] = [];
  for (const [field, size] of [
    ["first", first],
    ["last", last],
  ] as const) {
    if (size !== null && size !== undefined && !(size >= 1 && size <= MAX_LIMIT))
      faults.push({ field, reason: LIMIT_RULE });
  }
  const backwards = last !== null && last !== undefined;
  if (backwards && first !== null && first !== undefined) {
    faults.push({ field: "last", reason: "must not be given together with first" });
  }
  if (faults.length > 0) throw Failure.ofFields(faults);
  return {
    after: after ? positionOfCursor(scope, after, "after") : null,
    before: before ? positionOfCursor(scope, before, "before") : null,
    backwards,
    limit: (first ?? last ?? DEFAULT_LIMIT) + 1,
  };
}

/** The rows in the connection's order, at most `limit` of them; the algorithm of the Relay specification. */
export function pageOfRows<Row>(
  scope: CursorScope,
  { after, before, backwards, limit }: Stretch,
  found: readonly Row[],
  positionOf: (row: Row) => Position,
): ConnectionPage<Row> {
  const isMore = found.length === limit;
  const rows = backwards ? found.slice(1 - limit) : found.slice(0, limit - 1);
  return {
    rows,
    cursors: rows.map((row) => cursorOf(scope, positionOf(row))),
    hasNextPage: backwards ? before !== null : isMore,
    hasPreviousPage: backwards ? isMore : after !== null,
  };
}
