import { setTimeout as delay } from "node:timers/promises";
import { beforeEach, describe, expect, test } from "vitest";
import { openDatabase } from "../../src/db/client.ts";
import { openBadRowFile } from "../../src/import/bad-row-file.ts";
import { type ImportOptions, type ImportProgress, importBatch } from "../../src/import/import-batch.ts";
import { copyIntoStaging, createStagingTable } from "../../src/import/staging.queries.ts";
import { anEmail } from "../support/builders.ts";
import { sharedTestDatabase } from "../support/test-database.ts";
import { waitingStatements } from "../support/waiting-statements.ts";

const USER_ID = "0e6f1a52-7a4e-4d3e-9a5c-0d9d6a7b8c9d";
const RECORD_ID = "6a1de5a8-4a4e-4c39-8d7c-0c5a3bb4b4f1";

const database = await sharedTestDatabase();
beforeEach(async () => {
  await database.sql`truncate tasks, task_email_jobs, emails`;
});
async function* contentOf(text: string) {
  yield Buffer.from(text);
}

const importText = (text: string, options: Partial<ImportOptions> = {}) =>
  importBatch(database.sql, {
    input: contentOf(text),
    fileName: "batch.csv",
    userId: USER_ID,
    onBadRow: "stop",
    ...options,
  });

async function rowCounts() {
  const [counts] = await database.sql`
    select (select count(*)::int from tasks) as tasks, (select count(*)::int from task_email_jobs) as jobs,
      (select count(*)::int from emails) as emails`;
  return counts;
}
const NOTHING = { tasks: 0, jobs: 0, emails: 0 };

describe("a valid file", () => {
  test("an import stores every documented field unchanged, including microseconds", async () => {
    const { taskId } = await importText(
      [
        "id,email,status,is_role_based,is_disposable,has_mx_records,has_reverse_dns,domain_name,host_name,server_type," +
          "is_catchall,validated_at,unknown_reason,needs_physical_verify,job_status,job_created_at,job_updated_at",
        `${RECORD_ID},ada@example.com,catchall,1,no,TRUE,f,example.com,mx.example.com,Postfix,yes,` +
          '2025-01-01T14:00:01.123456+02:00,"a\tb\\N ""c""\nd",t,failed,2024-12-31T23:59:59.000001Z,2025-01-02T00:00:00Z',
      ].join("\n"),
    );
    const [row] = await database.sql`
      select t.user_id, t.source, j.email_address, j.status as job_status, j.created_at::text as job_created_at,
        j.updated_at::text as job_updated_at, e.id, e.email, e.status, e.is_role_based, e.is_disposable,
        e.has_mx_records, e.has_reverse_dns, e.domain_name, e.host_name, e.server_type, e.is_catchall,
        e.validated_at::text as validated_at, e.unknown_reason, e.needs_physical_verify
      from tasks t join task_email_jobs j on j.task_id = t.id join emails e on e.id = j.email_id
      where t.id = ${taskId}`;
    expect(row).toEqual({
      user_id: USER_ID,
      source: "batch.csv",
      email_address: "ada@example.com",
      job_status: "failed",
      job_created_at: "2024-12-31 23:59:59.000001+00",
      job_updated_at: "2025-01-02 00:00:00+00",
      id: RECORD_ID,
      email: "ada@example.com",
      status: "catchall",
      is_role_based: true,
      is_disposable: false,
      has_mx_records: true,
      has_reverse_dns: false,
      domain_name: "example.com",
      host_name: "mx.example.com",
      server_type: "Postfix",
      is_catchall: true,
      validated_at: "2025-01-01 12:00:01.123456+00",
      unknown_reason: 'a\tb\\N "c"\nd',
      needs_physical_verify: true,
    });
  });

  test("a row without a status becomes a pending job without an email record", async () => {
    const result = await importText('{"email":"a@example.com"}\n{"email":"b@example.com","status":"valid"}\n', {
      fileName: "-",
      taskId: RECORD_ID,
      source: "the crm",
    });
    expect(result).toMatchObject({ taskId: RECORD_ID, jobs: 2, emails: 1, badRows: 0 });
    const jobs = await database.sql`
      select email_address, status, email_id is null as has_no_record, j.created_at = t.created_at as is_of_now
      from task_email_jobs j join tasks t on t.id = j.task_id order by 1`;
    expect([...jobs]).toEqual([
      { email_address: "a@example.com", status: "pending", has_no_record: true, is_of_now: true },
      { email_address: "b@example.com", status: "completed", has_no_record: false, is_of_now: true },
    ]);
  });

  test("a file of many chunks and batches can be imported twice on one connection", async () => {
    const rows = Array.from({ length: 25_000 }, (_, n) => `user${n}@example.com,valid,"${"long ".repeat(10)}"`);
    const seen: ImportProgress[] = [];
    const onProgress = (done: ImportProgress) => void seen.push(done);
    const text = `email,status,unknown_reason\n${rows.join("\n")}\n`;
    expect(await importText(text, { onProgress })).toMatchObject({ jobs: 25_000, emails: 25_000 });
    expect(await importText(text)).toMatchObject({ jobs: 25_000, emails: 25_000 });
    expect(await rowCounts()).toEqual({ tasks: 2, jobs: 50_000, emails: 50_000 });
    expect(seen.at(-1)).toEqual({ phase: "storing", rows: 25_000, bytes: text.length });
  });

  test("the ids of new records ascend in the order of the file", async () => {
    const rows = Array.from({ length: 2000 }, (_, n) => `${String(n).padStart(4, "0")}@example.com,valid`);
    await importText(`email,status\n${rows.join("\n")}\n`);
    const ids = (await database.sql<{ id: string }[]>`select id from emails order by email`).map(({ id }) => id);
    expect(ids.filter((id) => !/^[\da-f]{8}-[\da-f]{4}-7[\da-f]{3}-[89ab]/.test(id))).toEqual([]);
    const times = ids.map((id) => id.slice(0, 13));
    expect(times).toEqual(times.toSorted());
  });

  test("an import may take longer than the statement_timeout of the database", async () => {
    await database.sql.unsafe(`alter database ${database.name} set statement_timeout = '200ms'`);
    const limited = openDatabase({ url: database.url, maxConnections: 1 });
    async function* slow() {
      yield Buffer.from("email,status\na@example.com,valid\n");
      await delay(400);
      yield Buffer.from("b@example.com,valid\n");
    }
    try {
      await expect(limited.sql`select pg_sleep(0.4)`).rejects.toThrow("statement timeout");
      const options = { input: slow(), fileName: "-", userId: USER_ID, onBadRow: "stop" } as const;
      expect(await importBatch(limited.sql, options)).toMatchObject({ jobs: 2 });
    } finally {
      await limited.close();
      await database.sql.unsafe(`alter database ${database.name} reset statement_timeout`);
    }
  });
});

test("an import whose bad rows cannot be written imports nothing, and names the file", async () => {
  const flush = () => {
    throw new Error("the disk is full");
  };
  const text = "email,status,is_catchall\na@b.test,valid,true\nb@b.test,valid,maybe\n";
  await expect(importText(text, { onBadRow: { write() {}, flush } })).rejects.toThrow("the disk is full");
  const { sink } = openBadRowFile("/missing/batch.csv");
  await expect(importText(text, { onBadRow: sink })).rejects.toThrow(
    "/missing/batch.bad.csv: cannot be written (ENOENT)",
  );
  expect(await rowCounts()).toEqual(NOTHING);
});

test("several jobs can share one email record", async () => {
  const repeated = `${RECORD_ID},a@b.test,valid\n`;
  const text = `id,email,status\n${repeated},b@b.test,valid\n${repeated}`;
  expect(await importText(text)).toMatchObject({ jobs: 3, emails: 2, reusedEmails: 0, badRows: 0 });
  expect(await importText(text)).toMatchObject({ jobs: 3, emails: 1, reusedEmails: 1, badRows: 0 });
  expect(await rowCounts()).toEqual({ tasks: 2, jobs: 6, emails: 3 });
});

test("the address of a job can differ from the address of its email record", async () => {
  await importText("email,status,email_address\na@b.test,valid,A@b.test\nc@b.test,valid,\nd@b.test,,D@b.test\n");
  expect(
    await database.sql`
      select email_address, email from task_email_jobs left join emails on emails.id = email_id order by email_address`,
  ).toEqual([
    { email_address: "A@b.test", email: "a@b.test" },
    { email_address: "D@b.test", email: null },
    { email_address: "c@b.test", email: "c@b.test" },
  ]);
});

describe("a failed import", () => {
  test.each([
    [
      "a bad row",
      "email,status,is_catchall\na@example.com,valid,\nb@example.com,valid,maybe\n",
      /^batch.csv:3: is_catchall: "maybe" is not/,
    ],
    ["only a header", "email,status\n", /^batch.csv: the file contains no rows$/],
    [
      "a repeated id",
      `id,email,status\n${RECORD_ID},a@b.test,valid\n${RECORD_ID},a@b.test,invalid\n`,
      /^batch.csv:3: id: is already the id of a different row above$/,
    ],
  ])("a file with %s imports nothing", async (_, text, message) => {
    await expect(importText(text)).rejects.toThrow(message);
    expect(await rowCounts()).toEqual(NOTHING);
  });

  test("an import whose input fails imports nothing", async () => {
    async function* broken() {
      yield Buffer.from(`email,status\n${"a@example.com,valid\n".repeat(10_000)}`);
      throw new Error("the disk is gone");
    }
    await expect(importText("", { input: broken() })).rejects.toThrow("the disk is gone");
    expect(await rowCounts()).toEqual(NOTHING);
  });

  test("an import whose COPY is cancelled imports nothing", async () => {
    async function* cancelled() {
      const tenChunks = Buffer.from("a@example.com,valid\n".repeat(33_000));
      const copies = () => database.sql`
        select pg_cancel_backend(pid) from pg_stat_activity
        where datname = current_database() and query like 'copy import_rows%' and state = 'active'`;
      yield Buffer.from("email,status\n");
      await expect.poll(copies).toHaveLength(1);
      // A backend that waits for its client notices the cancellation when the next bytes arrive.
      yield tenChunks;
      await expect.poll(copies).toHaveLength(0);
      yield tenChunks;
    }
    await expect(importText("", { input: cancelled() })).rejects.toThrow(/canceling statement|transaction is aborted/);
    expect(await rowCounts()).toEqual(NOTHING);
  });

  test("an import into an existing task imports nothing", async () => {
    await importText("email,status\na@example.com,valid\n", { taskId: RECORD_ID });
    await expect(importText("email,status\na@example.com,valid\n", { taskId: RECORD_ID })).rejects.toThrow(
      `the task ${RECORD_ID} already exists`,
    );
    expect(await rowCounts()).toEqual({ tasks: 1, jobs: 1, emails: 1 });
  });
});

test("a COPY that fails after its last line is an error and does not wait for ever", async () => {
  const copyGarbage = database.sql.begin(async (tx) => {
    await createStagingTable(tx);
    const copy = await copyIntoStaging(tx);
    copy.write(Buffer.from("garbage\n")).catch(() => {});
    await copy.end();
  });
  await expect(copyGarbage).rejects.toThrow();
});

describe("the id of an email record", () => {
  const row = `id,email,status,validated_at\n${RECORD_ID},a@example.com,valid,2025-01-01T00:00:00Z\n`;

  test("an id refers to the existing email record if all of its columns are equal", async () => {
    expect(await importText(row)).toMatchObject({ jobs: 1, emails: 1, reusedEmails: 0 });
    expect(await importText(row)).toMatchObject({ jobs: 1, emails: 0, reusedEmails: 1 });
    expect(await rowCounts()).toEqual({ tasks: 2, jobs: 2, emails: 1 });
  });

  test("an id of a different or deleted email record is a bad row", async () => {
    await anEmail(database.sql, { id: RECORD_ID, email: "a@example.com", validated_at: "2025-01-01T00:00:00.000001Z" });
    await expect(importText(row)).rejects.toThrow(
      "batch.csv:2: id: is already the id of a different record in the database",
    );
    await database.sql`update emails set validated_at = '2025-01-01T00:00:00Z', deleted_at = now()`;
    await expect(importText(row)).rejects.toThrow(
      "batch.csv:2: id: is already the id of a different record in the database",
    );
  });

  test("two imports can contain the same ids in opposite orders, and the second waits for the first", async () => {
    const [first, second, held] = ["1", "2", "3"].map((digit) => RECORD_ID.replace("6", digit));
    const csvRow = (id: string | undefined) => `${id},a@example.com,valid\n`;
    // The rows of the second batch come 20,000 lines later, and wait for a transaction that holds an id of that batch.
    const csvOf = (...[one, other]: (string | undefined)[]) =>
      `id,email,status\n${csvRow(one)}${"\n".repeat(20_000)}${csvRow(held)}${csvRow(other)}`;
    let isOtherWaiting = false;
    const onWait = () => {
      isOtherWaiting = true;
    };
    const { imports } = await database.sql.begin(async (holder) => {
      await holder`insert into emails (id, email, status) values (${held ?? ""}, 'a@example.com', 'valid')`;
      const imports = [csvOf(first, second), csvOf(second, first)].map((text) => importText(text, { onWait }));
      const waiting = async () => (await waitingStatements(database.sql)) + Number(isOtherWaiting);
      await expect.poll(waiting, { interval: 10 }).toBe(2);
      return { imports };
    });
    const results = await Promise.all(imports);
    expect(results.map(({ emails }) => emails).toSorted()).toEqual([0, 2]);
    expect(await rowCounts()).toEqual({ tasks: 2, jobs: 6, emails: 3 });
  });

  test("two concurrent imports can contain the same id", async () => {
    const results = await Promise.all([importText(row), importText(row)]);
    expect(results.map(({ emails, reusedEmails }) => emails + reusedEmails)).toEqual([1, 1]);
    expect(await rowCounts()).toEqual({ tasks: 2, jobs: 2, emails: 1 });
  });
});
