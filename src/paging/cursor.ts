import { hash } from "node:crypto";
import { isTimestamptz } from "../values/rfc3339.ts";
import { isUuid } from "../values/uuid.ts";

/** The position of a row in an ordered list: the timestamp that orders it, in the text format of PostgreSQL, and its id. */
export interface Position {
  readonly at: string;
  readonly id: string;
}

/** The list that a cursor belongs to, such as the jobs of a task with a filter and an order. */
export type CursorScope = readonly string[];

export const CURSOR_RULE = "is not a cursor of this list with this filter and order";

const DIGEST_LENGTH = 12;

/**
 * The cursor contains the position and a digest that ties it to its scope. This function never throws, because compiled
 * execution does not catch errors of getters.
 */
export function cursorOf(scope: CursorScope, { at, id }: Position): string {
  const position = `${id} ${at}`;
  const digest = hash("sha256", [...scope, position].join("\n"), "base64url").slice(0, DIGEST_LENGTH);
  return Buffer.from(`${digest} ${position}`).toString("base64url");
}

/** Null for a cursor of another scope and for text that is not exactly a cursor of this API. */
export function positionOfCursor(scope: CursorScope, cursor: string): Position | null {
  const [, id = "", ...moment] = Buffer.from(cursor, "base64url").toString("latin1").split(" ");
  const position = { at: moment.join(" "), id };
  if (!isUuid(id) || !isTimestamptz(position.at)) return null;
  // `Buffer.from` ignores invalid characters, so compare the re-encoded cursor.
  return cursor === cursorOf(scope, position) ? position : null;
}
