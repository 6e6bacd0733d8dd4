import { mkdtemp, readdir, readFile, readlink, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { OpenDatabase } from "../../src/db/client.ts";
import { jobExportQueries } from "../../src/export/export.queries.ts";
import { type ExportFormat, exportJobs } from "../../src/export/export-jobs.ts";
import { createExportSlots } from "../../src/export/export-slots.ts";
import { importBatch } from "../../src/import/import-batch.ts";
import { seededRandom } from "../../tools/support/random.mjs";
import { ADMIN, aJob, anEmail, aTask, someJobs } from "../support/builders.ts";
import { killPrograms, runProgram, startProgram } from "../support/program.ts";
import { createTestDatabase, type TestDatabase } from "../support/test-database.ts";
import { waitingStatements } from "../support/waiting-statements.ts";

const UNKNOWN_TASK = "00000000-0000-4000-8000-000000000000";

let database: TestDatabase;
let other: TestDatabase;
let directory: string;
beforeAll(async () => {
  [database, other] = await Promise.all([createTestDatabase(), createTestDatabase()]);
});
afterAll(() => Promise.all([database.close(), other.close()]));
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "task-jobs-export-"));
});
afterEach(async () => {
  killPrograms();
  await rm(directory, { recursive: true, force: true });
});

const command = (...args: string[]) => runProgram("dist/cli/export.js", { DATABASE_URL: database.url }, args);

async function exported({ exports }: Pick<OpenDatabase, "exports">, taskId: string, format: ExportFormat) {
  const { signal } = new AbortController();
  const asked = { viewer: ADMIN, taskId, filter: {}, format, fields: null, signal };
  return await exportJobs(jobExportQueries(exports, createExportSlots(1)), asked, async ({ chunks }) => {
    let text = "";
    for await (const chunk of chunks()) text += chunk.text;
    return text;
  });
}

const random = seededRandom(7);
const oneOf = <T>(values: readonly T[]): T => values[Math.floor(random() * values.length)] as T;
const maybe = <T>(value: T): T | null => (random() < 0.7 ? value : null);

const TEXTS = [
  "plain",
  "=1+1",
  "'=1+1",
  "''",
  "-",
  "@x",
  " +x",
  "a,b",
  'a "b"',
  "a\r\nb",
  "a\nb",
  "\rb",
  "\tb",
  "ü😀",
  "\\N",
  "＝1",
  "a;=1",
  "a; '\"=1|@x",
  "a\t-1\r\n+1",
];
const moment = () =>
  `2025-01-0${1 + Math.floor(random() * 9)}T12:00:00.${String(Math.floor(random() * 1e6)).padStart(6, "0")}Z`;

/** Creates jobs of every kind that the database can hold and the importer can distinguish. */
async function aRandomTask(): Promise<string> {
  const { sql } = database;
  const taskId = await aTask(sql);
  let shared: string | null = null;
  for (let i = 0; i < 120; i++) {
    const email: string = await anEmail(sql, {
      email: `${oneOf(TEXTS)}@example.com`,
      status: oneOf(["valid", "Probably Fine", ...TEXTS]),
      is_role_based: random() < 0.5,
      is_disposable: random() < 0.5,
      has_mx_records: random() < 0.5,
      has_reverse_dns: random() < 0.5,
      domain_name: maybe(oneOf(TEXTS)),
      host_name: maybe(oneOf(TEXTS)),
      server_type: maybe(oneOf(TEXTS)),
      is_catchall: random() < 0.5,
      validated_at: maybe(moment()),
      unknown_reason: maybe(oneOf(TEXTS)),
      needs_physical_verify: random() < 0.5,
      deleted_at: random() < 0.1 ? moment() : null,
    });
    await aJob(sql, {
      task_id: taskId,
      email_id: random() < 0.1 ? shared : maybe(email),
      email_address: `${oneOf(TEXTS)}${i}`,
      status: oneOf(["pending", "processing", "completed", "failed"]),
      created_at: moment(),
      updated_at: moment(),
    });
    shared = email;
  }
  return taskId;
}

describe("import of an export", () => {
  test.each(["csv", "txt", "ndjson"] as const)(
    "importing a %s export creates the same jobs, whatever their texts contain",
    async (format) => {
      const withoutIds = (text: string) =>
        text.replace(
          format !== "ndjson"
            ? /^[0-9a-f-]{36}[,\t][0-9a-f-]{36}[,\t]/gm
            : /^\{"id":"[0-9a-f-]{36}","task_id":"[0-9a-f-]{36}"/gm,
          "",
        );
      for (let run = 0; run < 3; run++) {
        const text = await exported(database, await aRandomTask(), format);
        const input = Readable.from([Buffer.from(text)]);
        const imported = await importBatch(other.sql, {
          input,
          fileName: `jobs.${format}`,
          userId: null,
          onBadRow: "stop",
        });
        expect(imported).toMatchObject({ jobs: 120, badRows: 0 });
        expect(imported.ignoredColumns).toEqual(format !== "ndjson" ? ["job_id", "task_id"] : []);
        expect(withoutIds(await exported(other, imported.taskId, format))).toBe(withoutIds(text));
      }
    },
  );
});

describe("the export command", () => {
  test("an exported file is complete and readable only by its owner", async () => {
    const taskId = await aTask(database.sql);
    await someJobs(database.sql, taskId, 1234);
    const out = join(directory, "jobs.csv");
    const { code, stdout, stderr } = await command(
      taskId,
      "--out",
      out,
      "--bom",
      "--status",
      "completed",
      "--q",
      "user12",
    );
    expect([code, stdout]).toEqual([0, ""]);
    expect(stderr).toBe("exporting: 46 rows, 100 %\nExported 46 jobs.\n");
    const lines = (await readFile(out, "utf8")).split("\r\n");
    expect([lines.length, lines[0]?.slice(0, 31)]).toEqual([48, "\ufeffjob_id,task_id,email_address,j"]);
    expect((await stat(out)).mode & 0o777).toBe(0o600);
    expect(await readdir(directory)).toEqual(["jobs.csv"]);
  });

  test("an export without --out is written to standard output", async () => {
    const taskId = await aTask(database.sql);
    await someJobs(database.sql, taskId, 2);
    const { code, stdout } = await command(taskId, "--format", "ndjson", "--fields", "status,job_status");
    expect([code, stdout]).toEqual([0, '{"status":"valid","job_status":"completed"}\n'.repeat(2)]);
  });

  test("an export exits with code 0 if its reader closes the pipe, and names a file that cannot be written", async () => {
    const taskId = await aTask(database.sql);
    await someJobs(database.sql, taskId, 20_000);
    const program = startProgram("dist/cli/export.js", { DATABASE_URL: database.url }, [taskId]);
    await program.printed(/\n/);
    program.child.stdout?.destroy();
    expect(await program.ended).toMatchObject({ code: 0 });

    const { code, stderr } = await command(taskId, "--out", join(directory, "missing", "jobs.csv"));
    expect([code, stderr]).toEqual([1, expect.stringContaining("missing/jobs.csv: cannot be written (ENOENT)\n")]);
  });

  test("an interrupted export and an export of a missing task leave no file", async () => {
    const taskId = await aTask(database.sql);
    await someJobs(database.sql, taskId, 3);
    const out = join(directory, "jobs.ndjson");
    await database.sql.begin(async (transaction) => {
      // The export waits for the emails of its first batch until it is interrupted.
      await transaction`lock table emails in access exclusive mode`;
      const program = startProgram("dist/cli/export.js", { DATABASE_URL: database.url }, [taskId, "--out", out]);
      await expect.poll(() => readdir(directory)).not.toEqual([]);
      await expect.poll(() => waitingStatements(transaction)).toBe(1);
      const { code, stderr } = await program.stop("SIGINT");
      expect([code, stderr]).toEqual([130, expect.stringContaining("Stopped: nothing was written.")]);
      expect(await readdir(directory)).toEqual([]);
    });

    const missing = await command(UNKNOWN_TASK, "--out", out);
    expect([missing.code, missing.stderr]).toEqual([1, "Batch verification task not found\n"]);
    expect(await readdir(directory)).toEqual([]);
  });

  test("an export replaces the file that a link leads to, and never a directory or a device", async () => {
    const taskId = await aTask(database.sql);
    const [file, link, device] = ["jobs.csv", "link.csv", "null"].map((name) => join(directory, name)) as [
      string,
      string,
      string,
    ];
    await writeFile(file, "old");
    await symlink(file, link);
    expect((await command(taskId, "--out", link)).code).toBe(0);
    expect([await readlink(link), await readFile(file, "utf8")]).toEqual([file, expect.stringMatching(/^job_id,/)]);

    await symlink("/dev/null", device);
    for (const out of [device, directory]) {
      const { code, stderr } = await command(taskId, "--out", out);
      expect([code, stderr]).toEqual([1, expect.stringContaining(`${out}: is not a regular file`)]);
    }
    expect((await readdir(directory)).sort()).toEqual(["jobs.csv", "link.csv", "null"]);
  });

  test.each([
    [[], "TASK must be the UUID of a task"],
    [["x"], "TASK must be the UUID of a task"],
    [[UNKNOWN_TASK, UNKNOWN_TASK], "only one TASK can be exported at a time"],
    [[UNKNOWN_TASK, "--format", "xlsx"], "--format must be ndjson or csv"],
    [[UNKNOWN_TASK, "--status", "done", "--has-email", "1"], "--status must be one of pending"],
    [[UNKNOWN_TASK, "--fields", "nope"], "--fields must only contain names from this list"],
    [[UNKNOWN_TASK, "--bom"], "--bom needs --format csv"],
    [[UNKNOWN_TASK, "--nope"], /^Unknown option '--nope'\.\n/],
    [[UNKNOWN_TASK, "--out", "--fields"], /^Option '--out' argument is ambiguous\.\n/],
  ])("the arguments %j exit with code 2 and an error that names --help", async (args, reason) => {
    const { code, stdout, stderr } = await command(...args);
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toMatch(reason);
    expect(stderr).toMatch(/\nFor help, run: npm run export -- --help\n$/);
  });
});
