import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";

// Within the project, so that the copied schema finds drizzle-orm; and by relative paths, the only ones drizzle-kit takes.
mkdirSync(".artifacts", { recursive: true });
const work = mkdtempSync(join(".artifacts", "drift-"));
afterAll(() => rmSync(work, { recursive: true, force: true }));

/** `drizzle-kit check` does not see a schema without its migration; `generate`, on a copy, writes a file for it. */
function migrationsMissingFor(schemaFile: string): string[] {
  const out = mkdtempSync(join(work, "copy-"));
  cpSync("drizzle", out, { recursive: true });
  const options = ["--dialect=postgresql", `--schema=${schemaFile}`, `--out=${out}`, "--casing=snake_case"];
  const said = execFileSync(process.execPath, ["node_modules/drizzle-kit/bin.cjs", "generate", ...options], {
    encoding: "utf8",
  });
  // It ends with 0 also when it failed.
  expect(said).toMatch(/No schema changes|Your SQL migration file/);
  const known = new Set(readdirSync("drizzle"));
  return readdirSync(out).filter((file) => file.endsWith(".sql") && !known.has(file));
}

test("the migrations make the tables of db/schema.ts (npm run migration writes the missing one)", () => {
  expect(migrationsMissingFor("src/db/schema.ts")).toEqual([]);
});

test("the check finds a column without a migration", () => {
  const changed = join(work, "schema.ts");
  const schema = readFileSync("src/db/schema.ts", "utf8");
  writeFileSync(changed, schema.replace("source: text(),", "source: text(), extra: text(),"));
  expect(migrationsMissingFor(changed)).toHaveLength(1);
});
