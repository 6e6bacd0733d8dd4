import { cpSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** One change of a patch file: the lines of one place in one file, before and after. */
interface Hunk {
  readonly file: string;
  readonly before: string;
  readonly after: string;
}

function readHunks(packageName: string): Hunk[] {
  const patch = readdirSync("patches").find((file) => file.startsWith(`${packageName}+`)) ?? "";
  const files = readFileSync(join("patches", patch), "utf8")
    .split(/^diff --git .*\n/m)
    .slice(1);
  return files.flatMap((text) => {
    const [header = "", ...hunks] = text.split(/^@@ .*\n/m);
    const file = new RegExp(`^\\+\\+\\+ b/node_modules/${packageName}/(.+)$`, "m").exec(header)?.[1] ?? "";
    return hunks.map((hunk) => ({ file, before: linesOf(hunk, " -"), after: linesOf(hunk, " +") }));
  });
}

const linesOf = (hunk: string, marks: string) =>
  hunk
    .split("\n")
    .filter((line) => line !== "" && marks.includes(line.charAt(0)))
    .map((line) => `${line.slice(1)}\n`)
    .join("");

/** A package without the hunks of its patch whose new lines contain `text`: by default without any of them. */
const copyUnrepaired =
  (packageName: string) =>
  (to: string, text = ""): void => {
    cpSync(join("node_modules", packageName), to, { recursive: true });
    const hunks = readHunks(packageName).filter(({ after }) => after.includes(text));
    if (hunks.length === 0) throw new Error(`no hunk of ${packageName} contains ${text}`);
    for (const { file, before, after } of hunks) {
      const path = join(to, file);
      const source = readFileSync(path, "utf8");
      if (!source.includes(after)) throw new Error(`${path} is not patched`);
      writeFileSync(
        path,
        source.replace(after, () => before),
      );
    }
  };

export const copyUnrepairedDriver = copyUnrepaired("postgres");
