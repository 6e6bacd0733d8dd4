/** Fields combine with AND; one that is absent or null asks for nothing. */
export interface TaskFilter {
  readonly userId?: string | null;
  readonly source?: readonly string[] | null;
  readonly createdFrom?: string | null;
  readonly createdTo?: string | null;
}
