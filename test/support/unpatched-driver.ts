import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** One change of the patch file: lines of a file before and after the change. */
interface Hunk {
  readonly file: string;
  readonly before: string;
  readonly after: string;
}

function readHunks(): Hunk[] {
  const patch = readFileSync("patches/postgres+3.4.9.patch", "utf8");
  const files = patch.split(/^diff --git .*\n/m).slice(1);
  return files.flatMap((text) => {
    const [header = "", ...hunks] = text.split(/^@@ .*\n/m);
    const file = /^\+\+\+ b\/node_modules\/postgres\/(.+)$/m.exec(header)?.[1] ?? "";
    return hunks.map((hunk) => ({ file, before: linesOf(hunk, " -"), after: linesOf(hunk, " +") }));
  });
}

const linesOf = (hunk: string, marks: string) =>
  hunk
    .split("\n")
    .filter((line) => line !== "" && marks.includes(line.charAt(0)))
    .map((line) => `${line.slice(1)}\n`)
    .join("");

/** Copies the driver without the hunks whose new lines contain `text`. By default it lacks the whole patch. */
export function copyUnpatchedDriver(to: string, text = ""): void {
  cpSync("node_modules/postgres", to, { recursive: true });
  const hunks = readHunks().filter(({ after }) => after.includes(text));
  if (hunks.length === 0) throw new Error(`no hunk of the patch contains ${text}`);
  for (const { file, before, after } of hunks) {
    const path = join(to, file);
    const source = readFileSync(path, "utf8");
    if (!source.includes(after)) throw new Error(`${path} is not patched`);
    writeFileSync(
      path,
      source.replace(after, () => before),
    );
  }
}
