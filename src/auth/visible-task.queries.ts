import { type SQL, sql } from "drizzle-orm";

/** The viewer of a statement: its values, or placeholders if the statement is prepared. */
interface ViewerParameters {
  readonly userId: unknown;
  readonly isAdmin: unknown;
}

/** The names of the placeholders are those of `Viewer`. */
export const VIEWER_PLACEHOLDERS: ViewerParameters = {
  userId: sql.placeholder("userId"),
  isAdmin: sql.placeholder("isAdmin"),
};

/**
 * The access rule, as a condition on `public.tasks task`. A task that is missing, deleted or owned by another user yields
 * no row, so that callers cannot tell the three apart.
 */
export function isVisibleTask({ userId, isAdmin }: ViewerParameters): SQL {
  return sql`task.deleted_at is null and (${isAdmin}::boolean or task.user_id = ${userId})`;
}
