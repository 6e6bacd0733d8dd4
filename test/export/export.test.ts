import { once } from "node:events";
import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { jobExportQueries } from "../../src/export/export.queries.ts";
import { exportJobs } from "../../src/export/export-jobs.ts";
import { createExportSlots } from "../../src/export/export-slots.ts";
import { aJob, allowAnyTimestamp, anEmail, aTask, someJobs } from "../support/builders.ts";
import { type ExportServer, exportsInDatabase, serveExports } from "../support/export-server.ts";
import { createTestDatabase, type TestDatabase } from "../support/test-database.ts";

const USER_ID = "0e6f1a52-7a4e-4d3e-9a5c-0d9d6a7b8c9d";
const MOMENT = "2025-01-01T12:00:00.000001Z";

let database: TestDatabase;
let server: ExportServer;
let bigTaskId: string;

beforeAll(async () => {
  database = await createTestDatabase();
  await allowAnyTimestamp(database.sql);
  server = await serveExports(database, { userId: USER_ID });
  bigTaskId = await aTask(database.sql, { user_id: USER_ID });
  await someJobs(database.sql, bigTaskId, 60_000);
});
afterAll(async () => {
  await server.close();
  await database.close();
});

interface Envelope {
  error: { code: string; details: { field: string }[] };
}

/** Ends the connections of exports in PostgreSQL. */
const endExports = () =>
  database.sql`select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid() and state <> 'idle' and query ~ 'exported'`;

const linesOf = (text: string) => text.split("\n").filter((line) => line !== "");

describe("NDJSON", () => {
  test("an NDJSON export has the documented JSON of one job per line, newest first", async () => {
    const taskId = await aTask(database.sql, { user_id: USER_ID });
    const email = await anEmail(database.sql, { validated_at: MOMENT, domain_name: "example.com" });
    const jobs = [
      await aJob(database.sql, { task_id: taskId, created_at: "2025-01-01T00:00:00Z", updated_at: MOMENT }),
      await aJob(database.sql, {
        task_id: taskId,
        email_id: email,
        status: "completed",
        email_address: "Ada@example.com",
        created_at: "2025-01-02T00:00:00.5Z",
        updated_at: MOMENT,
      }),
    ];
    await aJob(database.sql, { task_id: taskId, deleted_at: MOMENT });
    const response = await server.get(taskId);
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("application/x-ndjson; charset=utf-8");
    expect(response.headers.get("content-disposition")).toBe(`attachment; filename="task-${taskId}-jobs.ndjson"`);
    expect(response.headers.get("etag")).toBeNull();
    expect(await response.text()).toBe(
      `{"id":"${jobs[1]}","task_id":"${taskId}","email_address":"Ada@example.com","status":"completed","email":{"id":"${email}",` +
        '"email":"ada@example.com","status":"valid","is_role_based":false,"is_disposable":false,"has_mx_records":false,' +
        '"has_reverse_dns":false,"domain_name":"example.com","host_name":null,"server_type":null,"is_catchall":false,' +
        `"validated_at":"${MOMENT}","unknown_reason":null,"needs_physical_verify":false},` +
        `"created_at":"2025-01-02T00:00:00.5Z","updated_at":"${MOMENT}"}\n` +
        `{"id":"${jobs[0]}","task_id":"${taskId}","email_address":"ada@example.com","status":"pending",` +
        `"created_at":"2025-01-01T00:00:00Z","updated_at":"${MOMENT}"}\n`,
    );
  });

  test("an export with fields has only these fields in the requested order", async () => {
    const taskId = await aTask(database.sql, { user_id: USER_ID });
    await aJob(database.sql, { task_id: taskId });
    for (const fields of ["fields=status,email,job_status", "fields[]=status&fields[]=email,job_status"]) {
      const text = await (await server.get(taskId, fields)).text();
      expect(text).toBe('{"status":null,"email":"ada@example.com","job_status":"pending"}\n');
    }
  });

  test("an export omits an email that cannot be represented and keeps its job", async () => {
    const taskId = await aTask(database.sql, { user_id: USER_ID });
    const email = await anEmail(database.sql, { validated_at: "infinity" });
    await aJob(database.sql, { task_id: taskId, email_id: email });
    const job = JSON.parse(await (await server.get(taskId)).text());
    expect(job).not.toHaveProperty("email");
  });
});

describe("CSV", () => {
  test("a CSV export has a header, CRLF, quotes where they are needed and no cell that a spreadsheet would execute", async () => {
    const taskId = await aTask(database.sql, { user_id: USER_ID });
    const email = await anEmail(database.sql, {
      email: "=1+1@example.com",
      unknown_reason: 'a "b",\nc',
      host_name: " -x",
      domain_name: "a\rb",
    });
    await aJob(database.sql, { task_id: taskId, email_id: email, email_address: "'@x" });
    const fields = "email_address,email,unknown_reason,host_name,domain_name,is_catchall,validated_at";
    const response = await server.get(taskId, `fields=${fields}`, { headers: { Accept: "text/csv" } });
    expect(response.headers.get("content-type")).toBe("text/csv; charset=utf-8; header=present");
    expect(response.headers.get("content-disposition")).toBe(`attachment; filename="task-${taskId}-jobs.csv"`);
    expect(await response.text()).toBe(`${fields}\r\n''@x,'=1+1@example.com,"a ""b"",\nc",' -x,"a\rb",false,\r\n`);
  });

  test("a byte order mark starts a table if the caller asks for it, and is refused for JSON", async () => {
    const taskId = await aTask(database.sql, { user_id: USER_ID });
    const bytesOf = async (query: string) => Buffer.from(await (await server.get(taskId, query)).arrayBuffer());
    expect(await bytesOf("format=csv&fields=id&bom=1")).toEqual(Buffer.from("\ufeffid\r\n"));
    expect(await bytesOf("format=csv&fields=id&bom=0")).toEqual(Buffer.from("id\r\n"));
    for (const query of ["bom=1", "format=csv&bom=yes", "format=csv&bom=1&bom=1"]) {
      const response = await server.get(taskId, query);
      const { error } = (await response.json()) as Envelope;
      expect([response.status, error.details.map(({ field }) => field)]).toEqual([400, ["bom"]]);
    }
  });

  test("an export without jobs is only a header in CSV and empty in NDJSON", async () => {
    const taskId = await aTask(database.sql, { user_id: USER_ID });
    expect(await (await server.get(taskId, "format=csv&fields=id")).text()).toBe("id\r\n");
    const empty = await server.get(taskId);
    expect([empty.status, await empty.text()]).toEqual([200, ""]);
  });
});

describe("an export error", () => {
  const unknown = "5b1b796b-a9f2-4558-bba0-9167c3d51b36";
  const codeOf = async (response: Response) => [response.status, ((await response.json()) as Envelope).error.code];

  test("an export checks for 401, 406, 400 and 404 in this order", async () => {
    const accept = { Accept: "image/png" };
    expect(await codeOf(await server.get("x", "status=x", { headers: { "X-API-Key": "no", ...accept } }))).toEqual([
      401,
      "UNAUTHORIZED",
    ]);
    expect(await codeOf(await server.get("x", "status=x", { headers: accept }))).toEqual([406, "NOT_ACCEPTABLE"]);
    expect(await codeOf(await server.get("x", "status=x"))).toEqual([400, "VALIDATION_ERROR"]);
    expect(await codeOf(await server.get(unknown))).toEqual([404, "NOT_FOUND"]);
  });

  test("the export of another user's task has the same response as the export of a missing task", async () => {
    const foreign = await aTask(database.sql);
    const [one, other] = [await server.get(foreign), await server.get(unknown)];
    expect([one.status, await one.text()]).toEqual([404, await other.text()]);
    expect(one.headers.get("content-disposition")).toBeNull();
  });

  test("one error of an export names every wrong parameter", async () => {
    const response = await server.get(unknown, "format=xml&status=done&q=a&q=b&fields=id,nope");
    const { error } = (await response.json()) as Envelope;
    expect(error.details.map(({ field }) => field)).toEqual(["format", "status", "q", "fields"]);
  });

  test("an export with another method is 405 and lists the allowed methods", async () => {
    const response = await server.get(unknown, "", { method: "POST" });
    expect([response.status, response.headers.get("allow")]).toEqual([405, "GET, HEAD, OPTIONS"]);
  });
});

test("HEAD on an export has the headers of GET and closes its connection", async () => {
  // A user has two slots, so the third request succeeds only if the first two have released theirs.
  for (let i = 0; i < 3; i++) {
    const response = await server.get(bigTaskId, "format=csv", { method: "HEAD" });
    expect([response.status, await response.text()]).toEqual([200, ""]);
    expect(response.headers.get("content-type")).toContain("text/csv");
  }
});

test.each(["csv", "ndjson"])("a compressed %s export has the same content", async (format) => {
  const query = `format=${format}&fields=email&q=user99`;
  const [plain, packed] = await Promise.all(
    ["identity", "gzip"].map((encoding) => server.get(bigTaskId, query, { headers: { "Accept-Encoding": encoding } })),
  );
  expect(packed?.headers.get("content-encoding")).toBe("gzip");
  expect(await packed?.text()).toBe(await plain?.text());
});

describe("streaming", () => {
  test("an export runs at the speed of its client and contains no change that is made meanwhile", async () => {
    const response = await server.open(bigTaskId);
    await database.sql`update task_email_jobs set status = 'failed' where task_id = ${bigTaskId}`;
    // The export is idle between two batches, because it is ahead of its client only by the size of the socket buffers.
    await expect.poll(() => exportsInDatabase(database)).toEqual([{ state: "idle in transaction" }]);
    let text = "";
    for await (const chunk of response.setEncoding("utf8")) text += chunk;
    const lines = linesOf(text);
    expect(lines).toHaveLength(60_000);
    expect(new Set(lines).size).toBe(60_000);
    expect(lines.some((line) => line.includes('"status":"failed"'))).toBe(false);
    await database.sql`update task_email_jobs set status = 'completed' where task_id = ${bigTaskId}`;
  });

  test("an export sends its status and header before the first job is found", async () => {
    await database.sql.begin(async (tx) => {
      await tx`lock table emails in access exclusive mode`;
      const response = await server.open(bigTaskId, "format=csv");
      expect([response.statusCode, String(await once(response, "data"))]).toEqual([
        200,
        expect.stringMatching(/^job_id,/),
      ]);
      response.destroy();
    });
  });

  test("aborting an export cancels its running statement", async () => {
    const stop = new AbortController();
    const slots = createExportSlots(1);
    const exports = jobExportQueries(database.exports, slots);
    await database.sql.begin(async (tx) => {
      // The statement timeout is 30 s, so within the time of this test only the cancellation ends the statement.
      await tx`lock table emails in access exclusive mode`;
      const exportRequest = {
        viewer: { userId: USER_ID, isAdmin: false },
        taskId: bigTaskId,
        filter: {},
        signal: stop.signal,
      };
      const reading = exportJobs(exports, { ...exportRequest, format: "ndjson", fields: null }, ({ chunks }) =>
        chunks().next(),
      );
      await expect.poll(() => exportsInDatabase(database)).toEqual([{ state: "active" }]);
      stop.abort();
      await expect(reading).rejects.toThrow();
      expect(await exportsInDatabase(database)).toEqual([]);
    });
    expect(slots.running()).toBe(0);
  });

  test("an export whose connection to the database breaks is an incomplete response", async () => {
    const response = await server.open(bigTaskId);
    await expect.poll(() => exportsInDatabase(database)).toEqual([{ state: "idle in transaction" }]);
    expect(await endExports()).toHaveLength(1);
    const read = async () => {
      for await (const _ of response);
    };
    await expect(read()).rejects.toThrow("aborted");
    expect(response.complete).toBe(false);
    await expect.poll(() => exportsInDatabase(database)).toEqual([]);
  });
});

describe("HTTP/1.0", () => {
  /** The connection of an export with the text that it has sent so far. */
  const openConnection = (taskId: string, query = "") => {
    const socket = connect(server.port, "127.0.0.1").setEncoding("utf8");
    const received = { text: "" };
    socket.on("data", (text) => {
      received.text += text;
    });
    socket.write(`GET ${server.pathOf(taskId, query)} HTTP/1.0\r\nX-API-Key: ${server.key}\r\n\r\n`);
    return { received, closed: once(socket, "close").then(() => received.text) };
  };

  test("an incomplete export ends with a reset, because its body has no other end", async () => {
    await database.sql.begin(async (tx) => {
      // The export waits for its first job, so the client has read all bytes. Node reports a reset behind unread bytes as an end.
      await tx`lock table emails in access exclusive mode`;
      const { received, closed } = openConnection(bigTaskId, "format=csv&fields=id");
      await expect.poll(() => received.text).toMatch(/\r\n\r\nid\r\n$/);
      await expect.poll(() => exportsInDatabase(database)).toEqual([{ state: "active" }]);
      const isReset = expect(closed).rejects.toThrow("ECONNRESET");
      expect(await endExports()).toHaveLength(1);
      await isReset;
    });
  });

  test("a complete export ends without a reset", async () => {
    const taskId = await aTask(database.sql, { user_id: USER_ID });
    await someJobs(database.sql, taskId, 2000);
    const text = await openConnection(taskId, "fields=id").closed;
    expect(linesOf(text.slice(text.indexOf("{")))).toHaveLength(2000);
  });
});

test("an export waits for a batch that takes longer than the limit for silent connections", async () => {
  const taskId = await aTask(database.sql, { user_id: USER_ID });
  await someJobs(database.sql, taskId, 3);
  await database.sql`alter table task_email_jobs rename to all_jobs`;
  await database.sql`create view task_email_jobs as select job.* from all_jobs job, pg_sleep(0.5)`;
  const strict = await serveExports(database, { userId: USER_ID, silenceTimeoutMs: 100 });
  try {
    expect(linesOf(await (await strict.get(taskId)).text())).toHaveLength(3);
  } finally {
    await database.sql`drop view task_email_jobs`;
    await database.sql`alter table all_jobs rename to task_email_jobs`;
    await strict.close();
  }
});
