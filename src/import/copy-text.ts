/** Returns one line in the text format of COPY. */
export function copyLine(values: readonly (string | number | null)[]): string {
  let line = "";
  for (const [index, value] of values.entries()) {
    if (index > 0) line += "\t";
    line += value === null ? "\\N" : typeof value === "number" ? value : escapeCopyText(value);
  }
  return `${line}\n`;
}

const ESCAPES: Readonly<Record<string, string>> = { "\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r" };

function escapeCopyText(text: string): string {
  return text.replace(/[\\\t\n\r]/g, (character) => ESCAPES[character] ?? character);
}
