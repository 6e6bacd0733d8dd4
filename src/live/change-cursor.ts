import { hash } from "node:crypto";
import type { JobFilter } from "../job-search/job-filter.ts";
import { jobCursorScope } from "../job-search/list-job-connection.ts";
import { type Position, positionOfCursor } from "../paging/cursor.ts";
import { canonicalFilter } from "../paging/filter.ts";
import { isTimestamptz } from "../values/rfc3339.ts";
import { isUuid } from "../values/uuid.ts";
import type { Horizon } from "./watched-task.queries.ts";

/** How far a reader of changes has come. Changes are read in batches, and a batch in pages. */
export interface ChangeState {
  /** Every change before this horizon was delivered. Null for a reader who begins with all jobs. */
  readonly since: Horizon | null;
  /** The last job of the current batch that was delivered, or null at the beginning of a batch. */
  readonly after: Position | null;
  /** The horizon at the beginning of the current batch, which ends with every change before it. */
  readonly next: Horizon | null;
  /** The delivered changes that the next batch would find again, by job and transaction. */
  readonly known: ReadonlySet<string>;
}

export interface ChangeList {
  readonly taskId: string;
  readonly filter: JobFilter;
}

export const ALL_JOBS: ChangeState = { since: null, after: null, next: null, known: new Set() };

const DIGEST_LENGTH = 12;
const XID = /^\d{1,19}$/;

/** The cursor contains the state without `known`: a reader who resumes may receive a few changes again. */
export function cursorOfState(list: ChangeList, { since, after, next }: ChangeState): string {
  const parts = [...partsOf(since), after?.id, after?.at, ...partsOf(next)].map((part) => part ?? "");
  const text = parts.join(",");
  return Buffer.from(`${digestOf(list, text)},${text}`).toString("base64url");
}

/** Null for a cursor of another list. A cursor of the task's jobs in the order UPDATED_AT_ASC is valid, too. */
export function stateOfCursor(list: ChangeList, cursor: string): ChangeState | null {
  const position = positionOfCursor(jobCursorScope({ ...list, order: "updated_asc" }), cursor);
  if (position !== null) return { ...ALL_JOBS, after: position };
  const parts = Buffer.from(cursor, "base64url").toString("latin1").split(",");
  const since = horizonOf(parts.slice(1, 4));
  const [id, at] = parts.slice(4, 6);
  const next = horizonOf(parts.slice(6));
  if (since === undefined || next === undefined || !isPosition(id, at)) return null;
  const after = id === "" ? null : { id: id as string, at: at as string };
  const state = { since, after, next, known: new Set<string>() };
  // `Buffer.from` ignores invalid characters, so compare the re-encoded cursor.
  return cursorOfState(list, state) === cursor ? state : null;
}

function digestOf({ taskId, filter }: ChangeList, text: string): string {
  const scope = ["changes", taskId, canonicalFilter(filter), text].join("\n");
  return hash("sha256", scope, "base64url").slice(0, DIGEST_LENGTH);
}

function partsOf(horizon: Horizon | null) {
  return [horizon?.xid, horizon?.end, horizon?.at];
}

function horizonOf([xid = "?", end = "?", at = "?"]: readonly string[]): Horizon | null | undefined {
  if (xid === "" && end === "" && at === "") return null;
  return XID.test(xid) && XID.test(end) && isTimestamptz(at) ? { xid, end, at } : undefined;
}

function isPosition(id = "?", at = "?"): boolean {
  return id === "" ? at === "" : isUuid(id) && isTimestamptz(at);
}
