const KINDS = { user: "b000", task: "a000", job: "8000", email: "9000" };

/** Finds the ids of rows in a text. Its groups are the numbers of the owner and of the task. */
export const ROW_IDS = /\b(\d{8})-(\d{4})-4000-[89ab]000-\d{12}\b/g;

/**
 * The id of a row of a stress test: a UUID of decimal numbers, so that every id in a response names the owner and the task.
 * @param {keyof typeof KINDS} kind
 * @param {{ user?: number, task?: number, number?: number }} numbers
 */
export function rowId(kind, { user = 0, task = 0, number = 0 }) {
  const digits = (value, length) => String(value).padStart(length, "0");
  return `${digits(user, 8)}-${digits(task, 4)}-4000-${KINDS[kind]}-${digits(number, 12)}`;
}
