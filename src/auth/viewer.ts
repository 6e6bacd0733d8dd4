/** The authenticated user. An admin can read all tasks, other users only the tasks with their user id. */
export interface Viewer {
  readonly userId: string;
  readonly isAdmin: boolean;
}

export function isSameViewer(one: Viewer, other: Viewer): boolean {
  return one.userId === other.userId && one.isAdmin === other.isAdmin;
}
