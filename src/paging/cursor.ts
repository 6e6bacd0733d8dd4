import { hash } from "node:crypto";
import { isTimestamptz } from "../values/rfc3339.ts";
import { isUuid } from "../values/uuid.ts";

/** A row's place in a keyset: the moment its order goes by, as Postgres' text, and its id. */
export interface Position {
  readonly at: string;
  readonly id: string;
}

/** Everything a cursor is good for, such as a task, a filter and an order: another scope has its own cursors. */
export type CursorScope = readonly string[];

export const CURSOR_RULE = "is not a cursor of this list with this filter and order";

const DIGEST_LENGTH = 12;

/**
 * Opaque to callers: the row's place to the microsecond, and a digest that ties it to its scope. Never throws, whatever
 * Postgres has for a moment: compiled execution does not catch what a getter throws.
 */
export function cursorOf(scope: CursorScope, { at, id }: Position): string {
  const place = `${id} ${at}`;
  const digest = hash("sha256", [...scope, place].join("\n"), "base64url").slice(0, DIGEST_LENGTH);
  return Buffer.from(`${digest} ${place}`).toString("base64url");
}

/** Null for a cursor of another scope, and for one that was made up or is not spelled as it was given. */
export function positionOfCursor(scope: CursorScope, cursor: string): Position | null {
  const [, id = "", ...moment] = Buffer.from(cursor, "base64url").toString("latin1").split(" ");
  const position = { at: moment.join(" "), id };
  if (!isUuid(id) || !isTimestamptz(position.at)) return null;
  // Node passes over what is no base64url: only the whole text tells.
  return cursor === cursorOf(scope, position) ? position : null;
}
