import { expect, test } from "vitest";
import { integerBelow, pick, seededRandom } from "../../tools/support/random.mjs";
import { aJob, anEmail, aTask } from "../support/builders.ts";
import { sharedTestServer, type TestServer } from "../support/test-server.ts";

const TASKS = 4;
const PAGES = 60;
const random = seededRandom(3);
const maybe = <T>(value: T): T | null => (random() < 0.4 ? null : value);
const flip = () => random() < 0.5;

const WORDS = ["valid", "not_exists", "unknown", "A new status", ""];
const TEXTS = [
  "ada@example.com",
  'quo"te\\back',
  "tab\there\nline",
  "naïve@bücher.example",
  "🦊\u2028\u007f",
  "</script>",
  "a\u0300 ",
  "",
];
const STATUSES = ["pending", "processing", "completed", "failed"];
/** A few timestamps of every precision, so that several rows share each of them. */
const TIMESTAMPS = [
  "2025-01-01T12:00:01Z",
  "2025-01-01T12:00:01.5Z",
  "2025-01-01T12:00:01.123456Z",
  "2025-01-01T12:00:01.000001Z",
  "1969-12-31T23:59:59.99Z",
  "2024-02-29T00:00:00.1204+02:00",
];

let get: Awaited<ReturnType<TestServer["as"]>>["get"];
let query: Awaited<ReturnType<TestServer["as"]>>["query"];
const taskIds: string[] = [];

const server = await sharedTestServer();
const owner = await server.as();
({ get, query } = owner);
for (let task = 0; task < TASKS; task++) {
  const taskId = await aTask(server.sql, { user_id: owner.userId });
  taskIds.push(taskId);
  for (let job = integerBelow(random, 130); job > 0; job--) await aRandomJob(taskId);
}

async function aRandomJob(taskId: string): Promise<void> {
  const { sql } = server;
  const email = await anEmail(sql, {
    email: pick(random, TEXTS),
    status: pick(random, WORDS),
    is_role_based: flip(),
    is_disposable: flip(),
    has_mx_records: flip(),
    has_reverse_dns: flip(),
    domain_name: maybe(pick(random, TEXTS)),
    host_name: maybe(pick(random, TEXTS)),
    server_type: maybe(pick(random, TEXTS)),
    is_catchall: flip(),
    validated_at: maybe(pick(random, TIMESTAMPS)),
    unknown_reason: maybe(pick(random, TEXTS)),
    needs_physical_verify: flip(),
    deleted_at: random() < 0.15 ? pick(random, TIMESTAMPS) : null,
  });
  await aJob(sql, {
    task_id: taskId,
    email_id: maybe(email),
    email_address: pick(random, TEXTS),
    status: pick(random, STATUSES),
    created_at: pick(random, TIMESTAMPS),
    updated_at: pick(random, TIMESTAMPS),
    deleted_at: random() < 0.1 ? pick(random, TIMESTAMPS) : null,
  });
}

type Row = Record<string, unknown>;

interface PageOfTask {
  readonly taskId: string;
  readonly limit: number;
  readonly offset: number;
}

const EMAIL_FIELDS = [
  ...["id", "email", "status", "is_role_based", "is_disposable", "has_mx_records", "has_reverse_dns", "domain_name"],
  ...["host_name", "server_type", "is_catchall", "validated_at", "unknown_reason", "needs_physical_verify"],
] as const;

/** A naive implementation: an OFFSET, a second query, a Map, and the documented names written by hand. */
async function naivePage({ taskId, limit, offset }: PageOfTask) {
  const { sql } = server;
  const rows = await sql`
    select * from task_email_jobs where task_id = ${taskId} and deleted_at is null
    order by created_at desc, id desc limit ${limit} offset ${offset}`;
  const [total] = await sql`
    select count(*)::int as count from task_email_jobs where task_id = ${taskId} and deleted_at is null`;
  const records = await sql`select * from emails where deleted_at is null`;
  const emailById = new Map(records.map((row) => [row.id, row]));
  const jobs = rows.map((row): Row => {
    const email = emailById.get(row.email_id);
    return {
      id: row.id,
      task_id: row.task_id,
      email_address: row.email_address,
      status: row.status,
      ...(email === undefined ? {} : { email: toRestEmail(email) }),
      created_at: toRfc3339(row.created_at),
      updated_at: toRfc3339(row.updated_at),
    };
  });
  return { jobs, count: total?.count, limit, offset };
}

function toRestEmail(row: Row): Row {
  const shown = EMAIL_FIELDS.map((field) => [field, field === "validated_at" ? toRfc3339(row[field]) : row[field]]);
  return Object.fromEntries(shown);
}

/** The input is in the text format of PostgreSQL, such as `2025-01-01 12:00:01.5+00`. */
function toRfc3339(text: unknown): string | null {
  return text === null ? null : String(text).replace(" ", "T").replace(/\+00$/, "Z");
}

const camel = (name: string) => name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());
const inCamel = (row: Row): Row => Object.fromEntries(Object.entries(row).map(([name, value]) => [camel(name), value]));

const DOCUMENT = `query ($taskId: UUID!, $limit: Int!, $offset: Int!) {
  taskJobs(taskId: $taskId, limit: $limit, offset: $offset) {
    jobs { id taskId emailAddress status email { ${EMAIL_FIELDS.map(camel).join(" ")} } createdAt updatedAt }
    count limit offset
  }
}`;

function aPage(): PageOfTask {
  return { taskId: pick(random, taskIds), limit: 1 + integerBelow(random, 100), offset: integerBelow(random, 140) };
}

test("a REST page has the same bytes as that of a naive implementation", async () => {
  let seen = 0;
  for (let count = 0; count < PAGES; count++) {
    const page = aPage();
    const expected = await naivePage(page);
    const response = await get(`/api/v1/tasks/${page.taskId}/jobs?limit=${page.limit}&offset=${page.offset}`);
    expect(await response.text()).toBe(JSON.stringify(expected));
    seen += expected.jobs.length;
  }
  expect(seen).toBeGreaterThan(500);
});

test("a GraphQL page has the same rows as that of a naive implementation", async () => {
  for (let count = 0; count < PAGES; count++) {
    const page = aPage();
    const { jobs, ...rest } = await naivePage(page);
    const expected = jobs.map(({ email, created_at, updated_at, ...job }) => ({
      ...inCamel({ ...job, status: String(job.status).toUpperCase() }),
      email: email === undefined ? null : inCamel(email as Row),
      ...inCamel({ created_at, updated_at }),
    }));
    const { body } = await query(DOCUMENT, page);
    expect(JSON.stringify(body.data)).toBe(JSON.stringify({ taskJobs: { jobs: expected, ...rest } }));
  }
});
