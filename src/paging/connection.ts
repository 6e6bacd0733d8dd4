import { Failure, type FieldFault } from "../errors.ts";
import { CURSOR_RULE, type CursorScope, cursorOf, type Position, positionOfCursor } from "./cursor.ts";
import { DEFAULT_LIMIT, DEFAULT_OFFSET, faultsOfOffset, LIMIT_RULE, MAX_LIMIT } from "./page.ts";

/** The paging arguments of a Relay connection, as a caller gives them. */
export interface ConnectionArguments {
  readonly first?: number | null | undefined;
  readonly after?: string | null | undefined;
  readonly last?: number | null | undefined;
  readonly before?: string | null | undefined;
  /** Not Relay's: for callers who count pages. */
  readonly offset?: number;
}

/** Where a page lies. One row more than its size, when it is there, tells that there is more. */
export interface Stretch {
  readonly after: Position | null;
  readonly before: Position | null;
  /** From the end: `last`. */
  readonly backwards: boolean;
  readonly size: number;
  /** How many rows to pass over at the end it begins at. */
  readonly offset: number;
}

export interface Edge<Row> {
  readonly node: Row;
  readonly cursor: string;
}

export interface ConnectionPage<Row> {
  readonly edges: readonly Edge<Row>[];
  readonly hasNextPage: boolean;
  readonly hasPreviousPage: boolean;
  /** All rows that match, on whatever page. Zero where it was not asked for. */
  readonly count: number;
}

/** Fails as INVALID_INPUT, with every wrong argument at once, those found before among them. */
export function stretchOf(
  scope: CursorScope,
  { first, after, last, before, offset = DEFAULT_OFFSET }: ConnectionArguments,
  foundBefore: readonly FieldFault[],
): Stretch {
  const faults: FieldFault[] = [];
  const addSize = (field: string, size: number | null | undefined) => {
    if (!isGiven(size) || (size >= 1 && size <= MAX_LIMIT)) return;
    faults.push({ field, reason: LIMIT_RULE });
  };
  const readCursor = (field: string, cursor: string | null | undefined): Position | null => {
    if (!isGiven(cursor)) return null;
    const position = positionOfCursor(scope, cursor);
    if (position === null) faults.push({ field, reason: CURSOR_RULE });
    if (offset !== DEFAULT_OFFSET) faults.push({ field: "offset", reason: notTogetherWith(field) });
    return position;
  };

  addSize("first", first);
  addSize("last", last);
  if (isGiven(first) && isGiven(last)) faults.push({ field: "last", reason: notTogetherWith("first") });
  faults.push(...faultsOfOffset(offset));
  const stretch = {
    after: readCursor("after", after),
    before: readCursor("before", before),
    backwards: isGiven(last),
    size: first ?? last ?? DEFAULT_LIMIT,
    offset,
  };
  faults.push(...foundBefore);
  if (faults.length > 0) throw Failure.ofFields(faults);
  return stretch;
}

export function notTogetherWith(other: string): string {
  return `must not be given together with ${other}`;
}

/** `found` are the rows in the connection's order, up to one more than the size; the algorithm of the Relay specification. */
export function pageOfRows<Row>(
  scope: CursorScope,
  { after, before, backwards, size, offset }: Stretch,
  { rows: found, count }: { readonly rows: readonly Row[]; readonly count: number },
  positionOf: (row: Row) => Position,
): ConnectionPage<Row> {
  const isMore = found.length > size;
  const rows = backwards ? found.slice(-size) : found.slice(0, size);
  return {
    // A digest each, which only those pay for who select it.
    edges: rows.map((node) => ({
      node,
      get cursor() {
        return cursorOf(scope, positionOf(node));
      },
    })),
    hasNextPage: backwards ? before !== null || offset > 0 : isMore,
    hasPreviousPage: backwards ? isMore : after !== null || offset > 0,
    count,
  };
}

function isGiven<T>(value: T | null | undefined): value is T {
  return value !== null && value !== undefined;
}
