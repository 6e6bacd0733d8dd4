/** An array literal, since the driver knows no array types (`fetch_types: false`). */
export function textArray(words: readonly string[]): string {
  return `{${words.map((word) => `"${word.replace(/["\\]/g, "\\$&")}"`).join(",")}}`;
}
