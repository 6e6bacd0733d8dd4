import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";

const tracked = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], { encoding: "utf8" })
  .split("\n")
  .filter((file) => file !== "" && existsSync(file));
const documents = tracked.filter((file) => /^([A-Z]+|(docs|examples)\/.*)\.md$/.test(file));

/** A path that begins with a folder of the repository or of src. Paths that an example makes up do not. */
const REPOSITORY_PATH =
  /^(?:src|test|tools|bench|docs|drizzle|sample|patches|packages|examples|auth|cli|db|email|export|graphql|http|import|job-search|metrics|paging|rate-limit|server|simulation|task-jobs|tasks|values)\/[\w./-]*$/;

/** Whether the file exists, and its heading if the target has a fragment. */
function leadsSomewhere(file: string, target: string): boolean {
  const [path = "", fragment] = target.split("#");
  const linked = path === "" ? file : join(dirname(file), path);
  if (!existsSync(linked)) return false;
  return fragment === undefined || fragmentsOf(readFileSync(linked, "utf8")).includes(fragment);
}

/** The fragments that GitHub gives to the headings of a document. */
function fragmentsOf(text: string): string[] {
  return [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  );
}

function missingIn(file: string, text: string): string[] {
  const prose = text.replace(/^```[\s\S]*?^```/gm, "");
  const links = [...prose.matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target]) => target ?? "")
    .filter((target) => !/^[a-z]+:/.test(target) && !leadsSomewhere(file, target));
  const paths = [...prose.matchAll(/`([^`\n]+)`/g)]
    .map(([, path]) => path ?? "")
    .filter((path) => REPOSITORY_PATH.test(path) && !existsSync(path) && !existsSync(join("src", path)));
  return [...links, ...paths].map((target) => `${file}: ${target}`);
}

test("every file that a document links to or names exists", () => {
  expect(documents.length).toBeGreaterThan(10);
  expect(documents.flatMap((file) => missingIn(file, readFileSync(file, "utf8")))).toEqual([]);
});

test("a link and a path that lead nowhere are found", () => {
  const text =
    "[gone](gone.md), [here](README.md#decisions), [no heading](README.md#top), [out](https://example.com), `src/graphql/timestamps.ts`, `a/b`";
  expect(missingIn("docs/decisions/README.md", text)).toEqual([
    "docs/decisions/README.md: gone.md",
    "docs/decisions/README.md: README.md#top",
    "docs/decisions/README.md: src/graphql/timestamps.ts",
  ]);
});

const MAX_DECISION_LINES = 50;

test(`a decision has at most ${MAX_DECISION_LINES} lines and says what was chosen, why, and when to look again`, () => {
  const decisions = documents.filter((file) => file.startsWith("docs/decisions/") && !/README|dependencies/.test(file));
  expect(decisions.length).toBeGreaterThan(10);
  const incomplete = decisions.filter((file) => {
    const text = readFileSync(file, "utf8");
    const parts = ["Choice", "Reason", "Rejected", "Look again when"];
    return text.split("\n").length > MAX_DECISION_LINES + 1 || parts.some((part) => !text.includes(`\n## ${part}\n`));
  });
  expect(incomplete).toEqual([]);
});
