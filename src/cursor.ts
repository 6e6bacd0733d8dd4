import { hash } from "node:crypto";
import { Failure } from "./errors.ts";
import { faultOfRfc3339, rfc3339OfTimestamptz } from "./rfc3339.ts";
import { isUuid } from "./uuid.ts";

/** A row's place in a keyset: the moment its order goes by, and its id. */
export interface Position {
  readonly at: string;
  readonly id: string;
}

/** Everything a cursor is good for, such as a task, a filter and an order: another scope has its own cursors. */
export type CursorScope = readonly string[];

const DIGEST_LENGTH = 12;

/** Opaque to callers: the row's place to the microsecond, and a digest that ties it to its scope. */
export function cursorOf(scope: CursorScope, { at, id }: Position): string {
  const place = `${rfc3339OfTimestamptz(at)} ${id}`;
  return Buffer.from(`${digestOf(scope, place)} ${place}`).toString("base64url");
}

/** Fails as INVALID_INPUT for a cursor of another scope, and for one that was made up. */
export function positionOfCursor(scope: CursorScope, cursor: string, field: string): Position {
  const [digest, at, id, ...more] = Buffer.from(cursor, "base64url").toString("latin1").split(" ");
  if (at !== undefined && id !== undefined && more.length === 0 && faultOfRfc3339(at) === null && isUuid(id)) {
    if (digest === digestOf(scope, `${at} ${id}`)) return { at, id };
  }
  throw Failure.ofFields([{ field, reason: "is not a cursor of this list with this filter and order" }]);
}

function digestOf(scope: CursorScope, place: string): string {
  return hash("sha256", [...scope, place].join("\n"), "base64url").slice(0, DIGEST_LENGTH);
}
