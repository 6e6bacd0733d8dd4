/** An array literal, because the driver cannot serialize arrays while `fetch_types` is off. */
export function textArray(words: readonly string[]): string {
  return `{${words.map((word) => `"${word.replace(/["\\]/g, "\\$&")}"`).join(",")}}`;
}

/** The array literal of UUIDs, which need no quotes. */
export function uuidArray(ids: readonly string[]): string {
  return `{${ids.join(",")}}`;
}
