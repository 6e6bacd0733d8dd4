/**
 * The orders of jobs by their names in GraphQL; REST has these names in lower case, and cursors contain the values. Jobs
 * with equal timestamps are ordered by id in the same direction, so that every order is total.
 */
export const JOB_ORDERS = {
  CREATED_AT_DESC: "created_desc",
  CREATED_AT_ASC: "created_asc",
  UPDATED_AT_DESC: "updated_desc",
  UPDATED_AT_ASC: "updated_asc",
} as const;

export type JobOrder = (typeof JOB_ORDERS)[JobOrderName];
type JobOrderName = keyof typeof JOB_ORDERS;

const NAMES = Object.keys(JOB_ORDERS) as JobOrderName[];
export const SORT_WORDS = NAMES.map((name) => name.toLowerCase());

/** Returns the GraphQL name of the order in the parameter `sort`. Without the parameter it is the documented order of a page. */
export function orderOfSort(word: string | null): JobOrderName {
  return NAMES.find((name) => name.toLowerCase() === word) ?? "CREATED_AT_DESC";
}
