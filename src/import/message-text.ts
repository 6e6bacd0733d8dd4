const MAX_SHOWN_CHARS = 60;

export function kindOf(cell: unknown): string {
  if (Array.isArray(cell)) return "a list";
  return typeof cell === "object" ? "an object" : `a ${typeof cell}`;
}

/** If a row is shifted by one column, any cell may hold an address, so text with an `@` is not repeated. */
export function shown(cell: unknown): string {
  if (typeof cell === "object") return kindOf(cell);
  const text = String(cell).trim();
  if (text.includes("@")) return "the value (not shown, because it contains an @)";
  return JSON.stringify(text.length > MAX_SHOWN_CHARS ? `${text.slice(0, MAX_SHOWN_CHARS)}…` : text);
}

/** If a file has no header, its first row contains data, and messages must not repeat an email address. */
const COLUMN_NAME = /^[\p{L}\p{N}_][\p{L}\p{N} _.\-()/#:;|?]{0,59}$/u;
const NOT_SHOWN = "(not shown, because it is not a column name)";

/** The name of a column for a message. */
export function shownName(name: string): string {
  const trimmed = name.trim();
  return trimmed === "" || COLUMN_NAME.test(trimmed) ? trimmed : NOT_SHOWN;
}

/** Whether the result of `shownName` is a name. */
export function isColumnName(shownName: string): boolean {
  return COLUMN_NAME.test(shownName);
}
