import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** One change of the patch file: its lines and the unchanged ones around them, before and after the change. */
interface Change {
  readonly file: string;
  readonly before: string;
  readonly after: string;
}

function readChanges(): Change[] {
  const patch = readFileSync("patches/postgres+3.4.9.patch", "utf8");
  const files = patch.split(/^diff --git .*\n/m).slice(1);
  return files.flatMap((text) => {
    const [header = "", ...hunks] = text.split(/^@@ .*\n/m);
    const file = /^\+\+\+ b\/node_modules\/postgres\/(.+)$/m.exec(header)?.[1] ?? "";
    return hunks.flatMap(changesOf).map((lines) => ({ file, before: textOf(lines, " -"), after: textOf(lines, " +") }));
  });
}

/** A hunk with two changes has unchanged lines between them, which belong to both. */
function changesOf(hunk: string): string[][] {
  const lines = hunk.split("\n").filter((line) => line !== "");
  const isUnchanged = (index: number) => lines[index]?.startsWith(" ") === true;
  const starts = lines.flatMap((_, index) => (!isUnchanged(index) && isUnchanged(index - 1) ? [index] : []));
  return starts.map((start) => {
    let [from, to] = [start, start];
    while (isUnchanged(from - 1)) from -= 1;
    while (to < lines.length && !isUnchanged(to)) to += 1;
    while (isUnchanged(to)) to += 1;
    return lines.slice(from, to);
  });
}

const textOf = (lines: readonly string[], marks: string) =>
  lines
    .filter((line) => marks.includes(line.charAt(0)))
    .map((line) => `${line.slice(1)}\n`)
    .join("");

/** Copies the driver without the changes whose new lines contain `text`. By default it lacks the whole patch. */
export function copyUnpatchedDriver(to: string, text = ""): void {
  cpSync("node_modules/postgres", to, { recursive: true });
  const changes = readChanges().filter(({ after }) => after.includes(text));
  if (changes.length === 0) throw new Error(`no change of the patch contains ${text}`);
  // The last change of a file first, because the unchanged lines of a change may follow an earlier one.
  for (const { file, before, after } of changes.toReversed()) {
    const path = join(to, file);
    const source = readFileSync(path, "utf8");
    if (!source.includes(after)) throw new Error(`${path} is not patched`);
    writeFileSync(
      path,
      source.replace(after, () => before),
    );
  }
}
