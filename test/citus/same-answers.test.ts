import { createHash, randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { apiKeyQueries, newApiKey } from "../../src/auth/api-key.ts";
import { importBatch } from "../../src/import/import-batch.ts";
import { findWrongTotals, repairTotals } from "../../src/job-search/job-totals.queries.ts";
import { openCitusDatabase } from "../support/citus-database.ts";
import { createTestDatabase, type TestDatabase } from "../support/test-database.ts";
import { serveDatabase } from "../support/test-server.ts";

// This file and a part of the other tests run on a Citus cluster if CITUS_URL is set.
const CITUS_URL = process.env.CITUS_URL ?? "";
const USER = "00000000-0000-4000-8000-0000000000aa";
const TASKS = Array.from({ length: 12 }, (_, index) => `00000000-0000-4000-9000-${String(index).padStart(12, "0")}`);
const [FIRST = "", SECOND = ""] = TASKS;
const KEY = newApiKey();

type Served = Awaited<ReturnType<typeof serveDatabase>> & { readonly database: TestDatabase };
let plain: Served;
let citus: Served;

/** As PostgreSQL's `md5(text)::uuid`. */
function md5Uuid(text: string): string {
  const digits = createHash("md5").update(text).digest("hex");
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/** The same rows on both databases. Every id and time follows from a number. */
async function fill({ sql, ...database }: TestDatabase): Promise<void> {
  const list = `{${TASKS.join(",")}}`;
  await sql`
    insert into tasks (id, user_id, source, created_at, updated_at)
    select id, case when n = 12 then gen_random_uuid() else ${USER}::uuid end, 'list-' || n % 3, '2025-01-01Z'::timestamptz + n * interval '1 hour', '2025-02-01Z'
    from unnest(${list}::uuid[]) with ordinality as task (id, n)`;
  await sql`
    insert into emails (id, email, status, is_disposable, domain_name, validated_at, created_at, updated_at)
    select md5('email' || n)::uuid, 'user' || n || '@mail' || n % 5 || '.test', (array['valid', 'invalid', 'catchall', 'new'])[1 + n % 4],
      n % 7 = 0, case when n % 2 = 0 then 'Mail' || n % 5 || '.test' end, '2025-01-05Z', '2025-01-05Z', '2025-01-05Z'
    from generate_series(1, 300) n`;
  await sql`
    insert into task_email_jobs (id, task_id, email_id, email_address, status, created_at, updated_at)
    select md5('job' || n)::uuid, (${list}::uuid[])[1 + (n % 40) % 12], case when n % 3 > 0 then md5('email' || 1 + n % 300)::uuid end,
      'User' || n || '@example.com', (array['pending', 'processing', 'completed', 'failed'])[1 + n % 4]::job_status,
      '2025-01-02Z'::timestamptz + n / 3 * interval '1 second', '2025-01-03Z'::timestamptz + n / 5 * interval '1 second'
    from generate_series(1, 4000) n`;
  await sql`update task_email_jobs set deleted_at = '2025-03-01Z' where task_id = ${SECOND} and status = 'failed'`;
  await sql`delete from task_email_jobs where task_id = ${FIRST} and email_address like 'User1%'`;
  await apiKeyQueries({ sql, ...database }).insertApiKey(KEY, {
    userId: USER,
    isAdmin: false,
    name: "",
    expiresAt: null,
  });
}

async function serve(opening: Promise<TestDatabase>): Promise<Served> {
  const database = await opening;
  await fill(database);
  return { ...(await serveDatabase(database.url, {})), database };
}

beforeAll(async () => {
  plain = await serve(createTestDatabase({ onCitus: false }));
  citus = await serve(openCitusDatabase(CITUS_URL) as Promise<TestDatabase>);
});
afterAll(async () => {
  for (const served of [plain, citus]) {
    await served?.close();
    await served?.database.close();
  }
});

const FILTERS = [
  "status=failed",
  "status=failed&status=pending",
  "email_status=valid",
  "deliverability=unknown&deliverability=risky",
  "is_disposable=true",
  "domain=mail2.TEST",
  "q=USER12",
  "has_email=false",
  "created_from=2025-01-02T00:05:00Z&created_to=2025-01-02T00:15:00Z",
];
const JOBS = `/api/v1/tasks/${FIRST}/jobs`;
/** A job of the first task, and the email of one of its jobs. */
const [JOB, EMAIL] = [md5Uuid("job40"), md5Uuid("email41")];
const REST = [
  ...["", "?limit=100", "?limit=100&offset=100", "?offset=250", "?offset=260", "?offset=99999", "?after="].map(
    (end) => JOBS + end,
  ),
  ...FILTERS.flatMap((filter) => [
    `${JOBS}?${filter}`,
    `${JOBS}?${filter}&offset=7&limit=3`,
    `${JOBS}/export?${filter}`,
  ]),
  ...TASKS.flatMap((id) => [`/api/v1/tasks/${id}`, `/api/v1/tasks/${id}/jobs?limit=5`]),
  ...["", "?limit=3&offset=2", "?offset=50", "?source=list-1", "?after="].map((end) => `/api/v1/tasks${end}`),
  `${JOBS}/export?format=csv`,
  `${JOBS}/${JOB}`,
  ...["created_at_asc", "updated_at_desc", "updated_at_asc"].map((sort) => `${JOBS}?sort=${sort}&offset=20&limit=5`),
  `/api/v1/tasks/${FIRST}/download?format=txt`,
  "/api/v1/metrics/verifications",
  "/api/v1/metrics/verifications?from=2025-01-02T00:05:00Z&to=2025-01-02T00:15:00Z",
  `${JOBS}?limit=0`,
  `/api/v1/tasks/${randomUUID()}/jobs`,
];
const GRAPHQL = [
  `{ taskJobs(taskId: "${FIRST}", limit: 20, offset: 30) { count jobs { id status email { email deliverability } } } }`,
  `{ tasks(first: 4) { totalCount nodes { id progress { total percent lastUpdatedAt deliverability { risky } } jobs(first: 2) { totalCount nodes { id email { id } } } } } }`,
  `{ tasks(last: 3) { pageInfo { hasNextPage hasPreviousPage } nodes { id } } }`,
  `{ tasks(first: 3, filter: { source: ["list-2"] }) { edges { cursor node { id } } totalCount } }`,
  `{ nodes(ids: ${JSON.stringify(TASKS)}) { id } node(id: "${SECOND}") { id } }`,
  `{ taskJob(id: "${JOB}") { id taskId } named: taskJob(id: "${JOB}", taskId: "${FIRST}") { email { status } } }`,
  `{ nodes(ids: ["${EMAIL}", "${JOB}", "${FIRST}", "${randomUUID()}"]) { id __typename } }`,
  ...["CREATED_AT_ASC", "UPDATED_AT_DESC", "UPDATED_AT_ASC"].map(
    (order) => `{ task(id: "${SECOND}") { jobs(first: 5, orderBy: ${order}) { edges { cursor node { id } } } } }`,
  ),
  `{ task(id: "${SECOND}") { progress(filter: { hasEmail: true }) { total completed } jobs(last: 4, filter: { isDisposable: true }) { totalCount nodes { id } } } }`,
  `{ tasks(first: 12) { nodes { jobs(first: 2, filter: { emailStatus: ["valid"] }) { totalCount nodes { id } } progress(filter: { status: [FAILED] }) { failed } } } }`,
];

const get = async (served: Served, path: string) => {
  const response = await fetch(served.url + path, { headers: { "X-API-Key": KEY } });
  return [response.status, (await response.text()).replace(/"request_id":"[^"]*"/, "")];
};
const query = async (served: Served, text: string) => {
  const headers = { "X-API-Key": KEY, "Content-Type": "application/json" };
  const response = await fetch(`${served.url}/graphql`, {
    method: "POST",
    headers,
    body: JSON.stringify({ query: text }),
  });
  return [response.status, await response.text()];
};

test.each(REST)("GET %s is answered with the same bytes as on PostgreSQL, also the second time", async (path) => {
  const expected = await get(plain, path);
  expect([await get(citus, path), await get(citus, path)]).toEqual([expected, expected]);
});

test.each(GRAPHQL)("%s is answered with the same bytes as on PostgreSQL, also the second time", async (text) => {
  const expected = await query(plain, text);
  expect([await query(citus, text), await query(citus, text)]).toEqual([expected, expected]);
});

test("a walk through all jobs of a task returns the same pages", async () => {
  const walk = async (served: Served) => {
    const pages = [];
    for (let offset = 0; offset < 400; offset += 50) pages.push(await get(served, `${JOBS}?limit=50&offset=${offset}`));
    return pages;
  };
  expect(await walk(citus)).toEqual(await walk(plain));
});

test("an import stores the same jobs, and the totals are right before and after the doctor", async () => {
  const taskId = randomUUID();
  const rows = Array.from({ length: 500 }, (_, n) => `imported${n}@example.com,valid`);
  const imported = async ({ database }: Served) => {
    const input = (async function* () {
      yield Buffer.from(["email,status", ...rows].join("\n"));
    })();
    const { jobs, emails } = await importBatch(database.sql, {
      input,
      fileName: "a.csv",
      userId: USER,
      taskId,
      onBadRow: "stop",
    });
    return [jobs, emails, await findWrongTotals(database.db), await repairTotals(database.db)];
  };
  expect(await imported(citus)).toEqual(await imported(plain));
  const count = async (served: Served) =>
    JSON.parse(String((await get(served, `/api/v1/tasks/${taskId}/jobs`))[1])).count;
  expect([await count(citus), await count(plain)]).toEqual([500, 500]);
});
