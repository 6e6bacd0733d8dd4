import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";

// The folder is inside the project so that the copied schema finds drizzle-orm. drizzle-kit accepts relative paths only.
mkdirSync(".artifacts", { recursive: true });
const work = mkdtempSync(join(".artifacts", "drift-"));
afterAll(() => rmSync(work, { recursive: true, force: true }));

/** `drizzle-kit check` does not notice a missing migration, so let `generate` write it next to a copy of the others. */
function migrationsMissingFor(schemaFile: string): string[] {
  const out = mkdtempSync(join(work, "copy-"));
  cpSync("drizzle", out, { recursive: true });
  const options = ["--dialect=postgresql", `--schema=${schemaFile}`, `--out=${out}`, "--casing=snake_case"];
  const output = execFileSync(process.execPath, ["node_modules/drizzle-kit/bin.cjs", "generate", ...options], {
    encoding: "utf8",
  });
  // drizzle-kit exits with 0 even if it fails.
  expect(output).toMatch(/No schema changes|Your SQL migration file/);
  const known = new Set(readdirSync("drizzle"));
  return readdirSync(out).filter((file) => file.endsWith(".sql") && !known.has(file));
}

test("the migrations create the tables of db/schema.ts (`npm run migration` writes a missing one)", () => {
  expect(migrationsMissingFor("src/db/schema.ts")).toEqual([]);
});

test("a column without a migration is found", () => {
  const changed = join(work, "schema.ts");
  const schema = readFileSync("src/db/schema.ts", "utf8");
  writeFileSync(changed, schema.replace("source: text(),", "source: text(), extra: text(),"));
  expect(migrationsMissingFor(changed)).toHaveLength(1);
});
