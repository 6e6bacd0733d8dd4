import { spawn, spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";
import { sharedImportDirectory } from "../support/import-directory.ts";

const USER_ID = "0e6f1a52-7a4e-4d3e-9a5c-0d9d6a7b8c9d";
const RECORD_ID = "6a1de5a8-4a4e-4c39-8d7c-0c5a3bb4b4f1";
const OWN_CSV = "Format: Task Jobs, recognized by its columns; CSV separated by commas\n";
const NOTHING = { tasks: 0, jobs: 0, emails: 0 };

const { command, database, fileOf, pathOf, rowCounts } = await sharedImportDirectory();

test("the import prints the counts, the task and the path that reads it", async () => {
  const file = await fileOf("list.csv", "email,status,Score\na@example.com,valid,7\nb@example.com,,\n");
  const { code, stdout, stderr } = await command(file, "--user", USER_ID);
  const [task] = await database.sql`select id, user_id, source from tasks`;
  expect(task).toMatchObject({ user_id: USER_ID, source: "list.csv" });
  expect(stdout).toMatch(/^rows read +2\njobs +2\nemail records +1\nbad rows +0\nseconds +\d+\.\d\ntask /);
  expect(stdout).toContain(`read it at     GET /api/v1/tasks/${task?.id}/jobs`);
  expect(stdout).toMatch(/\ntoken {10}1\.[\w-]{19}\n$/);
  expect(stderr).toBe(`${OWN_CSV}storing: 2 rows, 100 %\nIgnored unknown columns: Score\n`);
  expect(code).toBe(0);
});

test("the import of an export says that ids are new, and does not call the id columns unknown", async () => {
  const file = await fileOf("jobs.csv", "job_id,task_id,job_status,email,status\nx,y,failed,a@example.com,valid\n");
  const { code, stderr } = await command(file, "--user", USER_ID);
  expect([code, stderr]).toEqual([0, `${OWN_CSV}storing: 1 row, 100 %\nThe imported task and jobs have new ids.\n`]);
});

test("the import stops at a bad row and prints its file, line, column and reason without the address", async () => {
  const file = await fileOf("list.csv", "email,status,is_catchall\nada@example.com,valid,maybe\n");
  const { code, stdout, stderr } = await command(file, "--user", USER_ID);
  expect([code, stdout]).toEqual([1, ""]);
  expect(stderr).toContain(`${file}:2: is_catchall: "maybe" is not a boolean (true or false)\n`);
  expect(stderr).not.toContain("ada@");
  expect(await rowCounts()).toEqual(NOTHING);
});

test("with --skip-bad the good rows are imported, and the bad rows are written to a file that can be repaired and imported", async () => {
  const file = await fileOf(
    "list.csv",
    `id,email,status,is_catchall\n,a@example.com,valid,\n,"b@example.com",valid,maybe\n,c@example.com\n` +
      `${RECORD_ID},d@example.com,valid,\n${RECORD_ID},e@example.com,valid,\n`,
  );
  const { code, stdout } = await command(file, "--user", USER_ID, "--skip-bad");
  const badFile = pathOf("list.bad.csv");
  expect([code, stdout]).toEqual([0, expect.stringContaining(`bad rows       3, in ${badFile}`)]);
  const bad = await readFile(badFile, "utf8");
  expect(bad).toBe(
    `import_line,import_column,import_reason,id,email,status,is_catchall\n` +
      `3,is_catchall,"""maybe"" is not a boolean (true or false)",,"b@example.com",valid,maybe\n` +
      `4,,"has 2 fields where the header has 4",,c@example.com\n` +
      `6,id,"is already the id of a different row above",${RECORD_ID},e@example.com,valid,\n`,
  );
  expect((await stat(badFile)).mode & 0o777).toBe(0o600);
  expect(await rowCounts()).toEqual({ tasks: 1, jobs: 2, emails: 2 });

  const repaired = bad.replace("valid,maybe", "valid,true").replace(",c@example.com", ",c@example.com,,");
  await writeFile(badFile, repaired.replace(`above",${RECORD_ID}`, 'above",'));
  expect((await command(badFile, "--user", USER_ID)).code).toBe(0);
  expect(await rowCounts()).toEqual({ tasks: 2, jobs: 5, emails: 4 });

  await command(file, "--user", USER_ID, "--skip-bad");
  expect(await readdir(pathOf("."))).toContain("list.bad.2.csv");
  expect(await readFile(badFile, "utf8")).not.toBe(bad);
});

test("a file that contains only bad rows imports nothing and is an error", async () => {
  const file = await fileOf("list.ndjson", '{"email":""}\n{"status":"valid"}\nno object\n');
  const { code, stderr } = await command(file, "--user", USER_ID, "--skip-bad");
  expect([code, stderr]).toEqual([1, expect.stringContaining("nothing was imported, because every row is bad")]);
  expect(await rowCounts()).toEqual(NOTHING);
  expect(await readFile(pathOf("list.bad.ndjson"), "utf8")).toBe(
    '{"import_line":1,"import_column":"email","import_reason":"must not be empty","email":""}\n' +
      '{"import_line":2,"import_column":"email","import_reason":"must not be empty","status":"valid"}\n' +
      '{"import_line":3,"import_column":null,"import_reason":"is not valid JSON","import_row":"no object"}\n',
  );
});

test.each([
  [[]],
  [["list.csv"]],
  [["list.csv", "--user", "me"]],
  [["list.csv", "more.csv", "--user", randomUUID()]],
  [["list.csv", "--user", randomUUID(), "--format", "xlsx"]],
  [["list.csv", "--user", randomUUID(), "--skip"]],
  [["list.csv", "--user", randomUUID(), "--source", "x".repeat(4097)]],
  [["list.csv", "--dry-run", "--map", "mail=Address"]],
  [["list.csv", "--dry-run", "--status-word", "good=fine"]],
])("the arguments %j exit with code 2 and an error that names --help", async (args) => {
  const { code, stdout, stderr } = await command(...args);
  expect([code, stdout]).toEqual([2, ""]);
  expect(stderr).toMatch(/^.+\nFor help, run: npm run import -- --help\n$/);
});

test("the import reads standard input", async () => {
  const { status, stdout } = spawnSync(process.execPath, ["dist/cli/import.js", "-", "--user", USER_ID], {
    input: '{"email":"a@example.com","status":"valid"}',
    env: { PATH: process.env.PATH, DATABASE_URL: database.url },
    encoding: "utf8",
  });
  expect([status, stdout]).toEqual([0, expect.stringContaining("jobs           1\n")]);
  expect(await rowCounts()).toEqual({ tasks: 1, jobs: 1, emails: 1 });
});

test("the error for a missing file names the file", async () => {
  const { code, stderr } = await command("not-there.csv", "--user", USER_ID);
  expect([code, stderr]).toEqual([1, "not-there.csv: cannot be read (ENOENT)\n"]);
});

test("the sample contains every job status, both generations of email statuses and only reserved domains", async () => {
  expect((await command("sample/batch.csv", "--user", USER_ID)).code).toBe(0);
  expect(await rowCounts()).toMatchObject({ tasks: 1, jobs: 2000 });
  const [found] = await database.sql`
    select (select array_to_string(array_agg(distinct status order by status), ' ') from task_email_jobs) as jobs,
      (select string_agg(distinct status, ' ' order by status) from emails) as emails,
      (select bool_or(is_role_based) and bool_or(is_disposable) and bool_or(is_catchall) from emails) as has_flags,
      (select count(distinct created_at)::int from task_email_jobs) as uploads,
      (select count(*)::int from task_email_jobs
        where email_address !~* '(@|[.@])(example\\.(com|net|org)|[a-z-]+\\.(example|test))"?$' and email_address !~ '^[^@]+@$')
        as unreserved`;
  expect(found).toEqual({
    jobs: "pending processing completed failed",
    emails: "catchall disposable_domain exists invalid invalid_syntax not_exists unknown valid",
    has_flags: true,
    uploads: 6,
    unreserved: 0,
  });
});

test("an interrupted import leaves nothing in the database", async () => {
  const child = spawn(process.execPath, ["dist/cli/import.js", "-", "--user", USER_ID], {
    env: { PATH: process.env.PATH, DATABASE_URL: database.url },
  });
  // The input does not end, so the import goes on until it is interrupted.
  child.stdin.write(`email,status\n${"a@example.com,valid\n".repeat(10_000)}`);
  const ended = Promise.all([once(child, "close"), text(child.stdout), text(child.stderr)]);
  const copies = () => database.sql`
    select from pg_stat_activity
    where datname = current_database() and query like 'copy import_rows%' and state = 'active'`;
  await expect.poll(copies).not.toHaveLength(0);
  child.kill("SIGINT");
  const [[code], stdout, stderr] = await ended;
  expect([code, stdout]).toEqual([130, ""]);
  expect(stderr).toContain("Stopped: nothing was imported.");
  expect(await rowCounts()).toEqual(NOTHING);
});
