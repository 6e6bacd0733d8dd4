import { readdir, readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { sharedImportDirectory } from "../support/import-directory.ts";

const USER_ID = "0e6f1a52-7a4e-4d3e-9a5c-0d9d6a7b8c9d";
const RECORD_ID = "6a1de5a8-4a4e-4c39-8d7c-0c5a3bb4b4f1";
const NOTHING = { tasks: 0, jobs: 0, emails: 0 };

const { command, database, fileOf, pathOf, rowCounts } = await sharedImportDirectory();

test("column names, keys and file names are printed without control characters and addresses", async () => {
  const csv = await fileOf(
    "a\x1b]0;b\x07.csv",
    "email,status,\x1b[31mred,\u202eabc,ada@example.com\nx,valid,,,\n,valid,,,\n",
  );
  const first = await command(csv, "--user", USER_ID, "--skip-bad");
  const ndjson = await fileOf(
    "b.ndjson",
    '{"email":"x","status":"valid","\\u001b[2J":1,"ada@example.com":1,"\\u009b1m":1}\n',
  );
  const second = await command(ndjson, "--user", USER_ID);
  const refused = await command(await fileOf("c\x1b[1m.csv", "a,b\n"), "--user", USER_ID, "--format", "\x1b[1m");
  const missing = await command(pathOf("\x1b[1m\u2066.csv"), "--user", USER_ID);
  expect([first.code, second.code, refused.code, missing.code]).toEqual([0, 0, 2, 1]);
  for (const { stdout, stderr } of [first, second, refused, missing]) {
    expect(stdout + stderr).not.toMatch(/[^\P{Cc}\n]|\p{Cf}|ada@/u);
  }
  expect(first.stdout).toContain("a\\u{1b}]0;b\\u{7}.bad.csv");
  expect(first.stderr).toContain("(not shown, because it is not a column name)");
});

test("the import of a verifier's file says how each column is read, and stores the rows", async () => {
  const { code, stdout, stderr } = await command("test/import/files/zerobounce.csv", "--user", USER_ID);
  expect([code, stdout]).toEqual([0, expect.stringContaining("jobs           8\n")]);
  expect(stderr).toContain("Format: ZeroBounce, recognized by its columns; CSV separated by commas\n");
  expect(stderr).toContain("\n  ZB Status         -> status, as a documented state; unknown_reason keeps the word\n");
  expect(stderr).toContain("\n  ZB MX Record      -> host_name\n");
  const emails =
    await database.sql`select status, unknown_reason, is_disposable from emails where email like 'throw@%'`;
  expect([...emails]).toEqual([
    { status: "disposable_domain", unknown_reason: "do_not_mail: disposable", is_disposable: true },
  ]);
});

test("a dry run shows the first rows without addresses, checks the others and writes nothing", async () => {
  const file = await fileOf(
    "list.csv",
    "Email,Result,Reason,Sendex\nada@example.com,Risky,to bo@example.net,1\nx,,,\ny,odd,,\n",
  );
  const { code, stdout, stderr } = await command(file, "--dry-run");
  expect(stdout).toContain(
    "line 2\n  email                  …@example.com\n  status                 unknown\n  is_role_based          false\n",
  );
  expect(stdout).toContain("  unknown_reason         Risky: to …@example.net\n");
  expect(stdout).toContain("line 3\n  email                  …\n");
  expect(stdout).toMatch(/\nrows read {6}3\njobs {11}2\nemail records {2}1\nbad rows {7}1\n$/);
  expect(stdout + stderr).not.toMatch(/ada@|bo@/);
  expect([code, stderr]).toEqual([
    1,
    expect.stringContaining(`${file}:4: Result: "odd" is not a status word of Kickbox`),
  ]);
  expect((await command(file, "--dry-run", "--skip-bad")).code).toBe(0);
  expect(await readdir(pathOf("."))).toEqual(["list.csv"]);
  expect(await rowCounts()).toEqual(NOTHING);
  const empty = await command(await fileOf("empty.csv", "email,status\n"), "--dry-run");
  expect([empty.code, empty.stderr]).toEqual([1, expect.stringContaining("empty.csv: the file contains no rows\n")]);
});

test("a file without a header is an error that says so without its addresses", async () => {
  const { code, stderr } = await command(await fileOf("list.txt", "ada@example.com\nbo@example.com\n"), "--dry-run");
  expect([code, stderr]).toEqual([
    1,
    expect.stringContaining("If the first line is not a header, add one, such as email,status.\n"),
  ]);
  expect(stderr).not.toMatch(/ada|bo@/);
});

test("a file in an unknown format prints its columns and a command that reads it", async () => {
  const file = await fileOf("my list.csv", "Kunde;Mail (work);Ergebnis status;\n7;ada@example.com;ok;\n");
  const { code, stderr } = await command(file, "--user", USER_ID);
  expect(code).toBe(1);
  expect(stderr).toContain("  #1 Kunde\n  #2 Mail (work)\n  #3 Ergebnis status\n  #4 (without a name)\n");
  const suggested = `npm run import -- '${file}' --user ${USER_ID} --map 'email=#2,status=Ergebnis status'\n`;
  expect(stderr).toContain(`  ${suggested}`);
  const map = ["--map", "email=#2,status=Ergebnis status"];
  expect((await command(file, "--user", USER_ID, ...map)).code).toBe(0);
  expect(await rowCounts()).toEqual({ tasks: 1, jobs: 1, emails: 1 });
});

test("bad rows of a verifier's file keep its delimiter and its names, and can be imported after a repair", async () => {
  const csv = '"E, Mail";Result;Sendex\na@example.com;deliverable;1\nb@example.com;odd;1\n';
  const { code } = await command(await fileOf("list.csv", csv), "--user", USER_ID, "--skip-bad");
  const badFile = pathOf("list.bad.csv");
  const bad = await readFile(badFile, "utf8");
  expect([code, bad.split("\n")[0]]).toEqual([0, 'import_line;import_column;import_reason;"E, Mail";Result;Sendex']);
  expect(bad).toMatch(/\n3;Result;"""odd"" is not a status word.*";b@example.com;odd;1\n$/);
  const repaired = await command(badFile, "--user", USER_ID, "--status-word", "odd=unknown");
  expect([repaired.code, repaired.stdout]).toEqual([0, expect.stringContaining("jobs           1\n")]);
});

test("results of one line of JSON are imported with the ids that they repeat", async () => {
  const job = (address: string) =>
    `{"id":"x","task_id":"y","email_address":"${address}","status":"completed","created_at":"2025-01-01T00:00:00Z",` +
    `"updated_at":"2025-01-01T00:00:00Z","email":{"id":"${RECORD_ID}","email":"a@example.com","status":"valid"}}`;
  const file = await fileOf("page.json", `{"jobs":[${job("a@example.com")},${job("b@example.com")}],"count":2}`);
  expect((await command(file, "--user", USER_ID)).code).toBe(0);
  expect(await rowCounts()).toEqual({ tasks: 1, jobs: 2, emails: 1 });
});
