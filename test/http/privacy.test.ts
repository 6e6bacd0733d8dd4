import { createHmac, randomUUID } from "node:crypto";
import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { aJob, anEmail, aTask } from "../support/builders.ts";
import { killPrograms, runProgram, startProgram } from "../support/program.ts";
import { createTestDatabase, type TestDatabase } from "../support/test-database.ts";

const JWT_SECRET = "canary-jwt-secret-0123456789abcdef";
const METRICS_TOKEN = "canary-metrics-token-0123456789";
const MAX_LINE_BYTES = 4096;

/** What somebody wrote into the database, which the caller may not learn. */
const STORED = [
  "canary-job@private.example",
  "canary-email@private.example",
  "canary-webhook",
  "canary.domain.example",
];
/** What a caller sends: each turns up in one place of one request or several. */
const SENT = "canary-sent";
const SENT_ADDRESS = `${SENT}@private.example`;
const SENT_KEY = `tj_${SENT}-abcdefghijklmnopqrstuvwxyz0123456789`;
const SENT_NAME = "canary_sent";

interface Answer {
  readonly what: string;
  readonly status: number;
  readonly requestId: string;
  readonly text: string;
}

let database: TestDatabase;
let program: ReturnType<typeof startProgram>;
let origin: string;
let key: string;
let adminKey: string;
const userId = randomUUID();
let ownTask: string;
let foreignTask: string;
const answers: Answer[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
  const { sql } = database;
  ownTask = await aTask(sql, { user_id: userId, webhook_url: "https://canary-webhook.example/" });
  foreignTask = await aTask(sql);
  for (const task_id of [ownTask, foreignTask]) {
    const email_id = await anEmail(sql, { email: STORED[1], domain_name: STORED[3] });
    for (let number = 0; number < 3; number += 1) await aJob(sql, { task_id, email_id, email_address: STORED[0] });
  }
  const makeKey = async (...args: string[]) => {
    const { stdout } = await runProgram("dist/cli/keys.js", { DATABASE_URL: database.url }, ["create", ...args]);
    return stdout.trim();
  };
  key = await makeKey("--user", userId);
  adminKey = await makeKey("--user", randomUUID(), "--admin");
  program = startProgram("dist/main.js", {
    DATABASE_URL: database.url,
    PORT: "0",
    LOG_LEVEL: "debug",
    JWT_SECRET,
    METRICS_TOKEN,
  });
  origin = await program.listening();
  await sendEverything();
});
afterAll(async () => {
  await program?.stop();
  killPrograms();
  await database?.close();
});

async function send(what: string, path: string, init: RequestInit = {}): Promise<Answer> {
  const headers = { Authorization: `Bearer ${key}`, ...init.headers };
  const response = await fetch(origin + path, { redirect: "manual", ...init, headers });
  const answer = {
    what,
    status: response.status,
    requestId: response.headers.get("x-request-id") ?? "",
    text: await response.text(),
  };
  answers.push(answer);
  return answer;
}

const graphql = (what: string, body: unknown, headers: Record<string, string> = {}) =>
  send(what, "/graphql", {
    method: "POST",
    headers: { "Content-Type": "application/json", ...headers },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });

const pageOf = (id: string) => `/api/v1/tasks/${id}/jobs`;

function jwt(claims: object, secret = JWT_SECRET): string {
  const encoded = (part: object) => Buffer.from(JSON.stringify(part)).toString("base64url");
  const signed = `${encoded({ alg: "HS256" })}.${encoded(claims)}`;
  return `${signed}.${createHmac("sha256", secret).update(signed).digest("base64url")}`;
}

const full = (id: string, alias = "page") =>
  `{ ${alias}: taskJobs(taskId: "${id}") { jobs { emailAddress email { email } } } }`;

async function sendEverything(): Promise<void> {
  const { sql } = database;
  await goodAndBad();
  await huge();
  for (const table of ["emails", "task_email_jobs", "api_keys"]) {
    await sql.unsafe(`alter table ${table} rename to away`);
    // More than once: a document that comes back is executed by other code.
    for (let times = 0; times < 4; times += 1) await faulty(`without ${table}`);
    await sql.unsafe(`alter table away rename to ${table}`);
  }
  await sql.unsafe("alter table emails alter column email type bytea using email::bytea");
  await faulty("a column of another type");
  await sql.unsafe("alter table emails alter column email type text using convert_from(email, 'UTF8')");
  await sql.begin(async (locking) => {
    await locking`lock table tasks in access exclusive mode`;
    await faulty("a locked table");
  });
}

async function goodAndBad(): Promise<void> {
  const claims = { sub: userId, exp: 4_102_444_800, email: SENT_ADDRESS };
  await send("a page", pageOf(ownTask));
  await send("a page by JWT", pageOf(ownTask), { headers: { Authorization: `Bearer ${jwt(claims)}` } });
  await send("a foreign task", pageOf(foreignTask));
  await send("a page for an admin", pageOf(foreignTask), { headers: { Authorization: `Bearer ${adminKey}` } });
  await graphql("a page", { query: full(ownTask) });
  await graphql("a foreign task", { query: full(foreignTask) });

  await send("an id", pageOf(SENT_ADDRESS));
  await send("an id of words", `${pageOf(ownTask).replace("jobs", SENT.replace("-", ""))}`);
  await send(
    "parameters",
    `${pageOf(ownTask)}?limit=${SENT_ADDRESS}&offset=${SENT_KEY}&api_key=${SENT_KEY}&q=${SENT_ADDRESS}`,
  );
  await send("an unknown path", `/api/v1/${SENT_ADDRESS}/${SENT_KEY}`);
  await send("a method", pageOf(ownTask), { method: "DELETE", body: SENT_ADDRESS });
  for (const [name, value] of Object.entries({
    Authorization: `Bearer ${SENT_KEY}`,
    "X-API-Key": SENT_KEY,
    "User-Agent": `${SENT_ADDRESS} {"level":50}`,
    Referer: `https://${SENT}.example/?q=${SENT_ADDRESS}`,
    Cookie: `session=${SENT_KEY}`,
    "X-Request-ID": SENT_ADDRESS,
    "X-Forwarded-For": SENT,
    Accept: `image/${SENT}`,
    "If-None-Match": `"${SENT}"`,
    Origin: `https://${SENT}.example`,
  })) {
    await send(`the header ${name}`, pageOf(ownTask), { headers: { [name]: value } });
  }
  const bearers = {
    "no token": SENT_ADDRESS,
    "a token of another secret": jwt(claims, "another"),
    "a token that has expired": jwt({ ...claims, exp: 1 }),
    "a token of nobody": jwt({ ...claims, sub: SENT_ADDRESS }),
  };
  for (const [what, token] of Object.entries(bearers)) {
    await send(what, pageOf(ownTask), { headers: { Authorization: `Bearer ${token}` } });
  }

  await graphql("bad JSON", `{"query": "${SENT_ADDRESS}", ${SENT_KEY}`);
  await graphql("no query", { variables: { [SENT_ADDRESS]: SENT_KEY }, [SENT_NAME]: SENT });
  await graphql("a literal", { query: full(SENT_ADDRESS) });
  await graphql("a variable", {
    query: "query ($id: UUID!) { taskJobs(taskId: $id) { count } }",
    variables: { id: SENT_KEY },
  });
  await graphql("a name", { query: `query ${SENT_NAME} { ${SENT_NAME} }`, operationName: SENT_NAME });
  await graphql("an operation that is not there", { query: "query A { __typename }", operationName: SENT_NAME });
  await graphql("a mutation", { query: `mutation { ${SENT_NAME} }` });
  await graphql("another type of body", `${SENT_ADDRESS}`, { "Content-Type": `text/${SENT}` });
  await graphql("another charset", "{}", { "Content-Type": `application/json; charset=${SENT}` });
  await send("a query in the address", `/graphql?query=${encodeURIComponent(full(SENT_ADDRESS))}`);
}

/** One of each place, as large as it may be; the fault makes the server log what it can. */
async function huge(): Promise<void> {
  const long = `${SENT}${"x".repeat(5000)}`;
  await send("a long path", `/api/v1/${long}`);
  await send("a long parameter", `${pageOf(ownTask)}?limit=${long}`);
  await send("a long header", pageOf(ownTask), { headers: { "X-API-Key": long } });
  await send("a long request id", pageOf(ownTask), { headers: { "X-Request-ID": "x".repeat(128) } });
  await graphql("a large body", { query: "{__typename}", variables: { a: `${SENT_ADDRESS} `.repeat(3000) } });
  await graphql("a body that is too large", { query: `{__typename}${"#".repeat(120_000)}` });
  await graphql("a long name", { query: `{ ${SENT_NAME}${"x".repeat(50_000)} }` });
}

async function faulty(what: string): Promise<void> {
  await send(what, `${pageOf(ownTask)}?q=${SENT_ADDRESS}`);
  await graphql(what, { query: full(ownTask, SENT_NAME), variables: { unused: SENT_ADDRESS } });
  await graphql(`${what}, by a long alias`, { query: full(ownTask, `${SENT_NAME}${"x".repeat(20_000)}`) });
}

interface Line {
  readonly level: number;
  readonly msg: string;
  readonly requestId?: string;
  readonly [name: string]: unknown;
}

/** Every line of standard error, once that of the last request is there. */
async function logLines(): Promise<string[]> {
  const last = answers.at(-1)?.requestId ?? "none";
  await vi.waitFor(() => expect(program.stderr()).toContain(last), { timeout: 5000 });
  return program.stderr().split("\n").slice(0, -1);
}
const linesOf = async (requestId: string): Promise<Line[]> =>
  (await logLines()).filter((line) => line.includes(requestId)).map((line) => JSON.parse(line));

/** A key or a token in one piece, or any of what it is made of that could be used. */
const secrets = () => [key, adminKey, JWT_SECRET, METRICS_TOKEN, ...(key.match(/.{20}/g) ?? [])];

test("the requests were of every kind", () => {
  expect([...new Set(answers.map(({ status }) => status))].sort()).toEqual([
    200, 400, 401, 404, 405, 406, 413, 415, 500, 504,
  ]);
  expect(answers.length).toBeGreaterThan(70);
});

describe("the log", () => {
  test("has no address, key, token, query, name or statement of anybody", async () => {
    const log = (await logLines()).join("\n");
    for (const canary of [...STORED, ...secrets(), SENT, SENT_NAME, SENT.replace("-", ""), "eyJ", "Bearer"]) {
      expect(log, canary).not.toContain(canary);
    }
    expect(log).not.toMatch(/[\w.]@\w|select |insert |update |params/i);
  });

  test("is JSON, one object a line, each under 4 KB and without a character that a terminal would act on", async () => {
    const lines = await logLines();
    expect(lines.length).toBeGreaterThan(answers.length);
    for (const line of lines) {
      expect(JSON.parse(line)).toMatchObject({
        level: expect.any(Number),
        time: expect.any(String),
        msg: expect.any(String),
      });
      expect(Buffer.byteLength(line), line.slice(0, 200)).toBeLessThan(MAX_LINE_BYTES);
      expect(line).toMatch(/^[\x20-\x7e]+$/);
    }
  });

  test("has a line of every answer with its request id and status", async () => {
    for (const { what, status, requestId } of answers) {
      const lines = (await linesOf(requestId)).filter((line) => line.requestId === requestId);
      expect(
        lines.map((line) => line.status),
        what,
      ).toContain(status);
    }
  });

  test("says what was wrong wherever the caller is told that it was the server", async () => {
    const failed = answers.filter(({ status, text }) => status >= 500 || /INTERNAL_|DEPENDENCY_/.test(text));
    expect(failed.length).toBeGreaterThan(20);
    for (const { what, requestId } of failed) {
      const [problem] = (await linesOf(requestId)).filter(({ level }) => level >= 40);
      expect(problem, what).toBeDefined();
      if (problem?.level === 50) expect(JSON.stringify(problem), what).toMatch(/"code":"[0-9A-Z]{5}"|"type":"Failure"/);
      else expect(problem?.reason, what).toMatch(/^55P03|57014|Failure$/);
    }
  });
});

describe("an error's body", () => {
  const errors = () => answers.filter(({ status, text }) => status >= 400 || text.includes('"errors"'));

  test("has nothing of the database, of keys or of how the server is made", () => {
    expect(errors().length).toBeGreaterThan(50);
    for (const { what, text } of errors()) {
      for (const canary of [...STORED, ...secrets()]) expect(text, what).not.toContain(canary);
      expect(text, what).not.toMatch(
        /Failed query|params:|select |insert |PostgresError|drizzle|node_modules|at .*\.js:\d|ECONN|22P02|42P01|57014|password|postgres:\/\//i,
      );
    }
  });

  test("repeats nothing that REST was sent", () => {
    for (const { what, text } of errors().filter(({ text }) => text.startsWith('{"error":'))) {
      expect(text, what).not.toContain(SENT);
      expect(text, what).not.toContain(SENT_ADDRESS);
    }
  });
});

test("the metrics have no address, key, name or id of anybody", async () => {
  const { status, text } = await send("the metrics", "/metrics", {
    headers: { Authorization: `Bearer ${METRICS_TOKEN}` },
  });
  expect([status, text]).toEqual([200, expect.stringContaining("taskJobs")]);
  for (const canary of [...STORED, ...secrets(), SENT, SENT_NAME, "@", ownTask, foreignTask, userId]) {
    expect(text, canary).not.toContain(canary);
  }
});

describe("the audit trail", () => {
  const auditOf = async (answer: Answer) =>
    (await linesOf(answer.requestId)).filter(({ audit }) => audit !== undefined);

  test.each(["REST", "GraphQL"])(
    "names who was denied which task, by %s, foreign or missing, and nothing more",
    async (door) => {
      for (const taskId of [foreignTask, randomUUID()]) {
        const answer =
          door === "REST" ? await send("denied", pageOf(taskId)) : await graphql("denied", { query: full(taskId) });
        expect(await auditOf(answer)).toEqual([
          {
            level: 30,
            time: expect.any(String),
            audit: "denied",
            requestId: answer.requestId,
            userId,
            taskId,
            msg: "audit",
          },
        ]);
      }
    },
  );

  test("has one line for each task that one document was denied", async () => {
    const denied = [foreignTask, randomUUID()];
    const query = `{ a: taskJobs(taskId: "${denied[0]}") { count } b: taskJobs(taskId: "${ownTask}") { count } c: taskJobs(taskId: "${denied[1]}") { limit } }`;
    const answer = await graphql("denied twice", { query });
    // The first refusal answers for the whole document; the other task is looked for nevertheless.
    await vi.waitFor(async () => {
      expect((await auditOf(answer)).map((line) => line.taskId)).toEqual(expect.arrayContaining(denied));
    });
    expect((await auditOf(answer)).map((line) => line.audit)).toEqual(["denied", "denied"]);
  });

  test("names the admin who read somebody's task", async () => {
    const audit = await auditOf(
      await send("read", pageOf(ownTask), { headers: { Authorization: `Bearer ${adminKey}` } }),
    );
    expect(audit).toMatchObject([{ audit: "admin_read", taskId: ownTask }]);
    expect(audit[0]?.userId).not.toBe(userId);
  });

  test("has nothing of an owner's own reads, nor of requests by nobody", async () => {
    expect(await auditOf(await send("own", pageOf(ownTask)))).toEqual([]);
    expect(await auditOf(await send("nobody", pageOf(ownTask), { headers: { Authorization: "" } }))).toEqual([]);
  });
});

test("what is no HTTP leaves no trace of what it was", async () => {
  const answered = await new Promise<string>((resolve) => {
    const socket = connect(Number(new URL(origin).port), "127.0.0.1", () => {
      socket.end(`GET /${SENT_ADDRESS} HTTP/1.1\r\nX ${SENT_KEY}\r\n\r\n`);
    });
    let text = "";
    socket.on("data", (chunk) => (text += chunk)).on("close", () => resolve(text));
  });
  expect(answered).toMatch(/^HTTP\/1\.1 400 /);
  expect(answered).not.toContain(SENT);
  await send("afterwards", pageOf(ownTask));
  expect((await logLines()).join("\n")).not.toContain(SENT);
});
