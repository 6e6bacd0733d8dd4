import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";

const MAX_FILES = 14;
const MAX_LINES = 200;
/** Also for tools. Tests of one subject repeat their data and the expected responses, and are read one at a time. */
const MAX_LINES_OF_TESTS = 300;

/** Folders with a limit of their own. */
const FOLDER_LIMITS: Readonly<Record<string, number>> = {
  src: 6,
  "src/http": 20,
  "src/graphql": 20,
  // A browser application of its own, which shares no file with the server.
  "src/http/graphiql/page": 25,
};

const filesIn = (folder: string) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
const files = filesIn("src");

const longFiles = (files: readonly string[], maxLines: number) =>
  files
    .filter((file) => /\.(tsx?|mjs)$/.test(file) && !file.includes("node_modules"))
    .map((file) => ({ file, lines: readFileSync(file, "utf8").split("\n").length - 1 }))
    .filter(({ lines }) => lines > maxLines)
    .map(({ file, lines }) => `${file}: ${lines} lines`);

function crowdedFolders(files: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const file of files) counts.set(dirname(file), (counts.get(dirname(file)) ?? 0) + 1);
  return [...counts]
    .filter(([folder, count]) => count > (FOLDER_LIMITS[folder] ?? MAX_FILES))
    .map(([folder, count]) => `${folder}: ${count} files`);
}

test(`a folder of src contains at most ${MAX_FILES} files, src itself 6, src/http and src/graphql 20`, () => {
  expect(crowdedFolders(files)).toEqual([]);
});

test("a folder with too many files is found", () => {
  const make = (folder: string, count: number) => Array.from({ length: count }, (_, index) => `${folder}/${index}.ts`);
  const found = crowdedFolders([...make("src", 7), ...make("src/http", 20), ...make("src/db", 15)]);
  expect(found).toEqual(["src: 7 files", "src/db: 15 files"]);
});

test(`a source file has at most ${MAX_LINES} lines, and a test file ${MAX_LINES_OF_TESTS}`, () => {
  expect(longFiles([...files, ...filesIn("test/support")], MAX_LINES)).toEqual([]);
  const others = ["test", "tools", "bench", "packages"].flatMap(filesIn);
  expect(longFiles(others, MAX_LINES_OF_TESTS)).toEqual([]);
});

test("a file with too many lines is found", () => {
  expect(longFiles(["test/house/size-limits.test.ts"], 20)).toEqual([
    expect.stringMatching(/^test\/house\/size-limits\.test\.ts: \d+ lines$/),
  ]);
});
