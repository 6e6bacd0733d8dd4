/** The limits of callers, as the log names them in the line of a refused request. `docs/operating.md` explains them. */
export const EXCEEDED_LIMITS = [
  "credential_points",
  "query_cost",
  "address_points",
  "user_queue",
  "address_queue",
  "exports",
  "streams_of_user",
  "streams",
  "connections_of_user",
  "connections",
  "operations_of_connection",
] as const;

export type ExceededLimit = (typeof EXCEEDED_LIMITS)[number];
