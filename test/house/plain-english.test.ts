import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";

/** Private words of earlier releases. CONTRIBUTING.md describes the language that replaces them. */
const PRIVATE_TERMS =
  /\b(?:doors?|stretch(?:es)?|told|witness(?:es)?|rooms?|story|stories|nobody|somebody|whoever|knocks?|dear|hard times)\b|\b(?:short|long) way\b|\b(?:a|its|their|whose|each|next) turns?\b|(?<!Math\.)\bfloors?\b|\b(?:askedSeldom|sendElsewhere|letIn|sayWhy|isAway|isPassing|isSayable|wordlessLogger|lastResort|beyondLimit|inOldShape)\b/gi;
/** Names of types for what a caller asked for: AskedKey, Asking. */
const PRIVATE_NAMES = /\bAsk(?:ed|ing)(?:[A-Z]\w*)?\b/g;

/** The folders and files that contain none of these words. */
const CLEAN = [
  "src/app.ts",
  "src/config.ts",
  "src/http/",
  "src/metrics/",
  "src/rate-limit/",
  "test/config.test.ts",
  "test/http/",
  "test/metrics/",
  "test/rate-limit/",
  "README.md",
  "CONTRIBUTING.md",
  "SECURITY.md",
  "CHANGELOG.md",
  "docs/",
  "src/main.ts",
  "test/server/",
  "packages/",
  "bench/",
  "test/house/",
  "test/support/",
  "test/tools/",
  "tools/",
  "src/auth/",
  "src/cli/",
  "src/errors.ts",
  "src/export/",
  "src/import/",
  "src/log.ts",
  "test/auth/",
  "test/cli/",
  "test/export/",
  "test/import/",
  "test/log.test.ts",
  "test/privacy.test.ts",
  "src/context.ts",
  "src/db/",
  "src/email/",
  "src/graphql/",
  "test/graphql/",
  "src/job-search/",
  "src/paging/",
  "src/task-jobs/",
  "src/tasks/",
  "test/tasks/",
  "test/email/",
  "test/job-search/",
  "test/paging/",
  "test/task-jobs/",
];

/** Files that contain such a word for a reason. */
const EXCEPTIONS: Readonly<Record<string, string>> = {
  "src/metrics/metrics.ts": "`door` is a label of a metric.",
  "test/http/wire.test.ts": "`door` is a label of a metric.",
  "test/metrics/metrics.test.ts": "`door` is a label of a metric.",
  "test/server/workers-together.test.ts": "`door` is a label of a metric.",
  "test/house/plain-english.test.ts": "It contains the list of words.",
  "docs/operating.md": "`door` is a label of a metric.",
};

const TEXT_FILE = /\.(ts|tsx|mjs|md|graphql|sql|css|html|json|yaml)$|^Dockerfile$/;
const files = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], { encoding: "utf8" })
  .split("\n")
  .filter((file) => TEXT_FILE.test(file) && !file.endsWith("package-lock.json") && existsSync(file))
  .filter((file) => CLEAN.some((part) => file === part || (part.endsWith("/") && file.startsWith(part))))
  .filter((file) => !(file in EXCEPTIONS));

const privateTermsIn = (text: string) => [...(text.match(PRIVATE_TERMS) ?? []), ...(text.match(PRIVATE_NAMES) ?? [])];

test.each(CLEAN)("no file in %s contains a private word of the project", (part) => {
  const found = files
    .filter((file) => file.startsWith(part))
    .flatMap((file) =>
      readFileSync(file, "utf8")
        .split("\n")
        .flatMap((line, index) => privateTermsIn(line).map((term) => `${file}:${index + 1}: ${term}`)),
    );
  expect(found).toEqual([]);
});

test("private words are found, and words that only resemble them are not", () => {
  expect(privateTermsIn("Two doors; the short way. type AskedKey; its turn; beyondLimit()")).toEqual([
    "doors",
    "short way",
    "its turn",
    "beyondLimit",
    "AskedKey",
  ]);
  expect(privateTermsIn("Math.floor(1), outdoors, headroom, history, in turn, stored, asked")).toEqual([]);
});
