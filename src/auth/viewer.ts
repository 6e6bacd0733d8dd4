/** Who is asking. An admin reads every task, anyone else only the tasks that carry their user id. */
export interface Viewer {
  readonly userId: string;
  readonly isAdmin: boolean;
}

export function isSameViewer(one: Viewer, other: Viewer): boolean {
  return one.userId === other.userId && one.isAdmin === other.isAdmin;
}
