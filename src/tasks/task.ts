/** One row of `tasks`. Timestamps are Postgres' text. */
export interface TaskRecord {
  readonly id: string;
  readonly userId: string | null;
  readonly source: string | null;
  readonly createdAt: string;
  readonly updatedAt: string;
}
