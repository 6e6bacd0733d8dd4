import { Failure, type FieldFault } from "../errors.ts";
import { CURSOR_RULE, type CursorScope, cursorOf, type Position, positionOfCursor } from "./cursor.ts";
import { DEFAULT_LIMIT, DEFAULT_OFFSET, faultsOfOffset, LIMIT_RULE, MAX_LIMIT } from "./page.ts";

/** The paging arguments of a Relay connection. */
export interface ConnectionArguments {
  readonly first?: number | null | undefined;
  readonly after?: string | null | undefined;
  readonly last?: number | null | undefined;
  readonly before?: string | null | undefined;
  /** Relay has no offsets. This one is for callers that show page numbers. */
  readonly offset?: number;
}

/** The rows of one page. A query reads one row more than `size`, because that row shows that there is another page. */
export interface PageRange {
  readonly after: Position | null;
  readonly before: Position | null;
  /** Whether the page is taken from the end of the list, as with `last`. */
  readonly backwards: boolean;
  readonly size: number;
  /** The number of rows to skip at the end from which the page is taken. */
  readonly offset: number;
}

/** A row with its cursor, which is created when it is read, because most requests do not select it. */
export class Edge<Row> {
  readonly node: Row;
  readonly #readCursor: () => string;

  constructor(node: Row, readCursor: () => string) {
    this.node = node;
    this.#readCursor = readCursor;
  }

  get cursor(): string {
    return this.#readCursor();
  }
}

export interface ConnectionPage<Row> {
  readonly edges: readonly Edge<Row>[];
  readonly hasNextPage: boolean;
  readonly hasPreviousPage: boolean;
  /** The number of all matching rows. Zero if the count was not selected. */
  readonly count: number;
}

/** Throws INVALID_INPUT with the faults of all arguments and the `otherFaults`. */
export function readPageRange(
  scope: CursorScope,
  { first, after, last, before, offset = DEFAULT_OFFSET }: ConnectionArguments,
  otherFaults: readonly FieldFault[],
): PageRange {
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
  const range = {
    after: readCursor("after", after),
    before: readCursor("before", before),
    backwards: isGiven(last),
    size: first ?? last ?? DEFAULT_LIMIT,
    offset,
  };
  faults.push(...otherFaults);
  if (faults.length > 0) throw Failure.ofFields(faults);
  return range;
}

export function notTogetherWith(other: string): string {
  return `must not be given together with ${other}`;
}

/** Builds the page by the algorithm of the Relay specification from rows in the order of the connection. */
export function pageOfRows<Row>(
  { rows: found, count }: { readonly rows: readonly Row[]; readonly count: number },
  { after, before, backwards, size, offset }: PageRange,
  { scope, positionOf }: { readonly scope: CursorScope; readonly positionOf: (row: Row) => Position },
): ConnectionPage<Row> {
  const hasMore = found.length > size;
  const rows = backwards ? found.slice(-size) : found.slice(0, size);
  return {
    edges: rows.map((node) => new Edge(node, () => cursorOf(scope, positionOf(node)))),
    hasNextPage: backwards ? before !== null || offset > 0 : hasMore,
    hasPreviousPage: backwards ? hasMore : after !== null || offset > 0,
    count,
  };
}

function isGiven<T>(value: T | null | undefined): value is T {
  return value !== null && value !== undefined;
}
