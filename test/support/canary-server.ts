import { createHmac, randomUUID } from "node:crypto";
import { aJob, allowAnyTextLength, anEmail, aTask } from "./builders.ts";
import { runProgram, startProgram } from "./program.ts";
import { createTestDatabase } from "./test-database.ts";

export const JWT_SECRET = "canary-jwt-secret-0123456789abcdef";
export const METRICS_TOKEN = "canary-metrics-token-0123456789";

/** Texts in the database that no log line, metric or error may contain. */
export const STORED = [
  "canary-job@private.example",
  "canary-email@private.example",
  "canary-webhook",
  "canary.domain.example",
];
/** Texts that the test sends in all parts of requests, and that no log line or metric may contain. */
export const SENT = "canary-sent";
export const SENT_ADDRESS = `${SENT}@private.example`;
export const SENT_KEY = `tj_${SENT}-abcdefghijklmnopqrstuvwxyz0123456789`;
export const SENT_NAME = "canary_sent";

export interface Answer {
  readonly what: string;
  readonly status: number;
  readonly requestId: string;
  readonly text: string;
}

export type CanaryServer = Awaited<ReturnType<typeof startCanaryServer>>;

/** Starts the built server over a database whose texts are all canary tokens, with the keys of a user and of an admin. */
export async function startCanaryServer() {
  const database = await createTestDatabase();
  const { sql } = database;
  const userId = randomUUID();
  const ownTask = await aTask(sql, { user_id: userId, webhook_url: "https://canary-webhook.example/" });
  const foreignTask = await aTask(sql);
  for (const task_id of [ownTask, foreignTask]) {
    const email_id = await anEmail(sql, { email: STORED[1], domain_name: STORED[3] });
    for (let number = 0; number < 3; number += 1) await aJob(sql, { task_id, email_id, email_address: STORED[0] });
  }
  const makeKey = async (...args: string[]) => {
    const { stdout } = await runProgram("dist/cli/keys.js", { DATABASE_URL: database.url }, ["create", ...args]);
    return stdout.trim();
  };
  const key = await makeKey("--user", userId);
  const adminKey = await makeKey("--user", randomUUID(), "--admin");
  const program = startProgram("dist/main.js", {
    DATABASE_URL: database.url,
    PORT: "0",
    LOG_LEVEL: "debug",
    JWT_SECRET,
    METRICS_TOKEN,
  });
  const origin = await program.listening();
  const answers: Answer[] = [];

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

  return {
    database,
    program,
    origin,
    userId,
    ownTask,
    foreignTask,
    key,
    adminKey,
    answers,
    send,
    graphql: (what: string, body: unknown, headers: Record<string, string> = {}) =>
      send(what, "/graphql", {
        method: "POST",
        headers: { "Content-Type": "application/json", ...headers },
        body: typeof body === "string" ? body : JSON.stringify(body),
      }),
    async close() {
      await program.stop();
      await database.close();
    },
  };
}

export const pageOf = (id: string) => `/api/v1/tasks/${id}/jobs`;

function jwt(claims: object, secret = JWT_SECRET): string {
  const encoded = (part: object) => Buffer.from(JSON.stringify(part)).toString("base64url");
  const signed = `${encoded({ alg: "HS256" })}.${encoded(claims)}`;
  return `${signed}.${createHmac("sha256", secret).update(signed).digest("base64url")}`;
}

export const full = (id: string, alias = "page") =>
  `{ ${alias}: taskJobs(taskId: "${id}") { jobs { emailAddress email { email } } } }`;

/** Sends valid, invalid and huge requests, also while the database is broken, and repairs the database afterwards. */
export async function sendCanaries(server: CanaryServer): Promise<void> {
  const { sql } = server.database;
  await goodAndBad(server);
  await huge(server);
  for (const table of ["emails", "task_email_jobs", "api_keys"]) {
    await sql.unsafe(`alter table ${table} rename to away`);
    // Repeated documents are executed by compiled code.
    for (let times = 0; times < 4; times += 1) await faulty(server, `without ${table}`);
    await sql.unsafe(`alter table away rename to ${table}`);
  }
  // PostgreSQL refuses to change the type of a column that a trigger uses.
  await allowAnyTextLength(sql);
  await sql.unsafe("alter table emails alter column email type bytea using email::bytea");
  await faulty(server, "a column of another type");
  await sql.unsafe("alter table emails alter column email type text using convert_from(email, 'UTF8')");
  await sql.begin(async (locking) => {
    await locking`lock table tasks in access exclusive mode`;
    await faulty(server, "a locked table");
  });
}

async function goodAndBad({ send, graphql, userId, ownTask, foreignTask, adminKey }: CanaryServer): Promise<void> {
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
    "a token without a user id": jwt({ ...claims, sub: SENT_ADDRESS }),
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

/** Requests with the largest text in each part. */
async function huge({ send, graphql, ownTask }: CanaryServer): Promise<void> {
  const long = `${SENT}${"x".repeat(5000)}`;
  await send("a long path", `/api/v1/${long}`);
  await send("a long parameter", `${pageOf(ownTask)}?limit=${long}`);
  await send("a long header", pageOf(ownTask), { headers: { "X-API-Key": long } });
  await send("a long request id", pageOf(ownTask), { headers: { "X-Request-ID": "x".repeat(128) } });
  await graphql("a large body", { query: "{__typename}", variables: { a: `${SENT_ADDRESS} `.repeat(3000) } });
  await graphql("a body that is too large", { query: `{__typename}${"#".repeat(120_000)}` });
  await graphql("a long name", { query: `{ ${SENT_NAME}${"x".repeat(50_000)} }` });
}

async function faulty({ send, graphql, ownTask }: CanaryServer, what: string): Promise<void> {
  await send(what, `${pageOf(ownTask)}?q=${SENT_ADDRESS}`);
  await graphql(what, { query: full(ownTask, SENT_NAME), variables: { unused: SENT_ADDRESS } });
  await graphql(`${what}, by a long alias`, { query: full(ownTask, `${SENT_NAME}${"x".repeat(20_000)}`) });
}
