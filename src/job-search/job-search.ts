import type { Viewer } from "../auth/viewer.ts";
import type { Position } from "../paging/cursor.ts";
import type { Deadline } from "../values/deadline.ts";
import type { JobFilter } from "./job-filter.ts";
import type { SelectedParts } from "./job-record.ts";

/** Always total: equal moments are ordered by id, in the same direction. */
export type JobOrder = "created_desc" | "created_asc" | "updated_desc" | "updated_asc";

/** A stretch of the filtered jobs of each task, from its front or, with `backwards`, from its end. */
export interface JobSearch {
  readonly viewer: Viewer;
  readonly taskIds: readonly string[];
  readonly filter: JobFilter;
  readonly order: JobOrder;
  readonly after: Position | null;
  readonly before: Position | null;
  readonly backwards: boolean;
  readonly limit: number;
  readonly offset: number;
  readonly select: SelectedParts;
  readonly deadline: Deadline;
}
