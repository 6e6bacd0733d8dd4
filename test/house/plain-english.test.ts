import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";

/** Private words of earlier releases. CONTRIBUTING.md describes the language that replaces them. */
const PRIVATE_TERMS =
  /\b(?:doors?|stretch(?:es)?|told|witness(?:es)?|rooms?|story|stories|nobody|somebody|whoever|knocks?|dear|hard times)\b|\b(?:short|long) way\b|\b(?:a|its|their|whose|each|next) turns?\b|(?<!Math\.)\bfloors?\b|\b(?:askedSeldom|sendElsewhere|letIn|sayWhy|isAway|isPassing|isSayable|wordlessLogger|lastResort|beyondLimit|inOldShape)\b/gi;
/** Names of types for what a caller asked for: AskedKey, Asking. */
const PRIVATE_NAMES = /\bAsk(?:ed|ing)(?:[A-Z]\w*)?\b/g;

/** The files that name `door`, a label of documented metrics. They must not contain another private word. */
const FILES_WITH_METRIC_LABEL = [
  "docs/operating.md",
  "examples/grafana/dashboard.json",
  "examples/prometheus/alerts.yaml",
  "src/metrics/metrics.ts",
  "test/http/wire.test.ts",
  "test/metrics/metrics.test.ts",
  "test/server/workers-together.test.ts",
];
/** This test contains the list of words, and an applied migration must not change. */
const UNCHECKED = ["test/house/plain-english.test.ts", "drizzle/0003_keep_totals_to_triggers.sql"];

const TEXT_FILE = /\.(ts|tsx|mjs|md|graphql|sql|css|html|json|yaml)$|^Dockerfile$/;
const files = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], { encoding: "utf8" })
  .split("\n")
  .filter((file) => TEXT_FILE.test(file) && !file.endsWith("package-lock.json") && existsSync(file));

const privateTermsIn = (text: string) => [...(text.match(PRIVATE_TERMS) ?? []), ...(text.match(PRIVATE_NAMES) ?? [])];

test("no file contains a private word of the project", () => {
  const found = files
    .filter((file) => !UNCHECKED.includes(file))
    .flatMap((file) => {
      const isAllowed = (term: string) => term === "door" && FILES_WITH_METRIC_LABEL.includes(file);
      return readFileSync(file, "utf8")
        .split("\n")
        .flatMap((line, index) =>
          privateTermsIn(line)
            .filter((term) => !isAllowed(term))
            .map((term) => `${file}:${index + 1}: ${term}`),
        );
    });
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
