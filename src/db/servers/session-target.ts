/** The values of target_session_attrs, which libpq defines. */
export const SESSION_TARGETS = ["any", "read-write", "read-only", "primary", "standby", "prefer-standby"] as const;

export type SessionTarget = (typeof SESSION_TARGETS)[number];

/** The state of a new session, as its server reports it. */
export interface SessionState {
  readonly isStandby: boolean;
  /** Whether the session refuses writes: on a standby, and where `default_transaction_read_only` is on. */
  readonly isReadOnly: boolean;
}

/** Whether a session may stay open. `prefer-standby` accepts every server, because it only prefers standbys. */
export function suits(target: SessionTarget, { isStandby, isReadOnly }: SessionState): boolean {
  if (target === "read-write") return !isReadOnly && !isStandby;
  if (target === "read-only") return isReadOnly || isStandby;
  if (target === "primary") return !isStandby;
  return target === "standby" ? isStandby : true;
}

/** Whether at most one server of a replication group is the right one. */
export function isExclusive(target: SessionTarget): boolean {
  return target === "primary" || target === "read-write";
}
