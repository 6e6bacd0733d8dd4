import { randomUUID } from "node:crypto";
import type postgres from "postgres";
import { describe, expect, test } from "vitest";
import { deliverabilityOfStatus } from "../../src/email/deliverability.ts";
import type { JobFilter } from "../../src/job-search/job-filter.ts";
import type { JobOrder } from "../../src/job-search/job-order.ts";
import type { JobRecord } from "../../src/job-search/job-record.ts";
import { jobSearchQueries } from "../../src/job-search/job-search.queries.ts";
import type { ConnectionPage } from "../../src/paging/connection.ts";
import { deadlineIn } from "../../src/values/deadline.ts";
import { seededRandom } from "../../tools/support/random.mjs";
import { ADMIN, aJob, anEmail, aTask } from "../support/builders.ts";
import { openConnectionLister } from "../support/list-connection.ts";
import { sharedTestDatabase } from "../support/test-database.ts";

const SEARCH = {
  filter: {} as JobFilter,
  order: "created_desc" as JobOrder,
  select: { jobs: true, count: true },
};
const ORDERS: JobOrder[] = ["created_desc", "created_asc", "updated_desc", "updated_asc"];

const random = seededRandom(5);
const oneOf = <T>(values: readonly T[]): T => values[Math.floor(random() * values.length)] as T;

const database = await sharedTestDatabase();
const queries = jobSearchQueries(database.searches);
const listConnection = openConnectionLister(queries, ADMIN);

const STATUSES = ["pending", "processing", "completed", "failed"] as const;
const WORDS = ["valid", "exists", "invalid", "catchall", "unknown", "disposable_domain", 'Odd "word", {x}\\'];
const DOMAINS = ["example.com", "Example.ORG", "mail.test"];
const second = (n: number) => new Date(1.7e12 + n * 1000).toISOString();

/** Jobs of every kind, with so few timestamps and statuses that filters match several jobs.  */
async function aMixedTask(userId: string = randomUUID()): Promise<string> {
  const { sql } = database;
  const taskId = await aTask(sql, { user_id: userId });
  for (let i = 0; i < 160; i++) {
    const email = await anEmail(sql, {
      status: oneOf(WORDS),
      is_role_based: random() < 0.3,
      is_disposable: random() < 0.3,
      has_mx_records: random() < 0.6,
      has_reverse_dns: random() < 0.6,
      is_catchall: random() < 0.3,
      needs_physical_verify: random() < 0.3,
      domain_name: random() < 0.8 ? oneOf(DOMAINS) : null,
      unknown_reason: random() < 0.3 ? "timeout" : null,
      deleted_at: random() < 0.05 ? second(0) : null,
    });
    await aJob(sql, {
      task_id: taskId,
      email_id: random() < 0.8 ? email : null,
      email_address: oneOf(["Ada@Example.com", "100%@example.com", "a_b@mail.test", "bob@example.org"]),
      status: oneOf(STATUSES),
      created_at: second(Math.floor(random() * 6)),
      updated_at: second(Math.floor(random() * 6)),
      deleted_at: random() < 0.05 ? second(0) : null,
    });
  }
  return taskId;
}

/** Applies the filter as its description says. */
function matches(row: postgres.Row, filter: JobFilter): boolean {
  const has = row.record_id !== null && row.record_deleted_at === null;
  const given = <T>(value: T | null | undefined): value is T => value !== null && value !== undefined;
  const flags = [
    "isRoleBased",
    "isDisposable",
    "hasMxRecords",
    "hasReverseDns",
    "isCatchall",
    "needsPhysicalVerify",
  ] as const;
  const columnOf = (flag: string) => flag.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  return (
    (!given(filter.status) || filter.status.includes(row.status)) &&
    (!given(filter.emailStatus) || (has && filter.emailStatus.includes(row.word))) &&
    (!given(filter.deliverability) || (has && filter.deliverability.includes(deliverabilityOfStatus(row.word)))) &&
    flags.every((flag) => !given(filter[flag]) || (has && row[columnOf(flag)] === filter[flag])) &&
    (!given(filter.domain) ||
      (has &&
        row.domain_name !== null &&
        filter.domain.some((d) => d.toLowerCase() === row.domain_name.toLowerCase()))) &&
    (!given(filter.addressContains) ||
      row.email_address.toLowerCase().includes(filter.addressContains.toLowerCase())) &&
    (!given(filter.hasUnknownReason) || (has && (row.unknown_reason !== null) === filter.hasUnknownReason)) &&
    (!given(filter.hasEmail) || has === filter.hasEmail) &&
    (!given(filter.createdFrom) || row.created_at >= new Date(filter.createdFrom)) &&
    (!given(filter.createdTo) || row.created_at < new Date(filter.createdTo)) &&
    (!given(filter.updatedFrom) || row.updated_at >= new Date(filter.updatedFrom)) &&
    (!given(filter.updatedTo) || row.updated_at < new Date(filter.updatedTo))
  );
}

function aFilter(): JobFilter {
  const maybe = <T>(value: () => T): T | null => (random() < 0.15 ? value() : null);
  const some = <T>(values: readonly T[]): T[] => values.filter(() => random() < 0.5);
  const moment = () => second(Math.floor(random() * 7) - 0.5);
  return {
    status: maybe(() => some(STATUSES)),
    emailStatus: maybe(() => some(WORDS)),
    deliverability: maybe(() => some(["DELIVERABLE", "UNDELIVERABLE", "RISKY", "UNKNOWN"] as const)),
    isRoleBased: maybe(() => random() < 0.5),
    isDisposable: maybe(() => random() < 0.5),
    hasMxRecords: maybe(() => random() < 0.5),
    hasReverseDns: maybe(() => random() < 0.5),
    isCatchall: maybe(() => random() < 0.5),
    needsPhysicalVerify: maybe(() => random() < 0.5),
    domain: maybe(() => some(["EXAMPLE.com", "example.org", "nowhere.test"])),
    addressContains: maybe(() => oneOf(["ADA", "%", "_", "\\", "@example", "zzz"])),
    hasUnknownReason: maybe(() => random() < 0.5),
    hasEmail: maybe(() => random() < 0.5),
    createdFrom: maybe(moment),
    createdTo: maybe(moment),
    updatedFrom: maybe(moment),
    updatedTo: maybe(moment),
  };
}

async function bruteForce(taskId: string, filter: JobFilter, order: JobOrder): Promise<string[]> {
  const rows = await database.sql`
    select j.*, e.id as record_id, e.deleted_at as record_deleted_at, e.status as word, e.is_role_based, e.is_disposable,
      e.has_mx_records, e.has_reverse_dns, e.is_catchall, e.needs_physical_verify, e.domain_name, e.unknown_reason
    from task_email_jobs j left join emails e on e.id = j.email_id
    where j.task_id = ${taskId} and j.deleted_at is null`;
  const [by, way] = order.split("_") as ["created" | "updated", "asc" | "desc"];
  const key = (row: Record<string, unknown>) => `${new Date(row[`${by}_at`] as string).toISOString()} ${row.id}`;
  const ids = rows
    .map((row) => ({ ...row, created_at: new Date(row.created_at), updated_at: new Date(row.updated_at) }))
    .filter((row) => matches(row, filter))
    .sort((one, other) => (key(one) < key(other) ? -1 : 1))
    .map((row) => (row as unknown as { id: string }).id);
  return way === "asc" ? ids : ids.reverse();
}

const idsOf = ({ edges }: ConnectionPage<JobRecord>) => edges.map(({ node }) => node.id);

interface Walk {
  readonly filter?: JobFilter;
  readonly order?: JobOrder;
  readonly size?: number;
  readonly backwards?: boolean;
}

/** All pages of a connection, forwards or backwards, as ids in the connection's order. */
async function walk(taskId: string, { filter = {}, order = "created_desc", size = 10, backwards = false }: Walk) {
  const pages: string[][] = [];
  let cursor: string | undefined;
  for (;;) {
    const list = { ...SEARCH, taskId, filter, order };
    const page = await listConnection(
      list,
      backwards ? { last: size, before: cursor } : { first: size, after: cursor },
    );
    pages.push(idsOf(page));
    if (!(backwards ? page.hasPreviousPage : page.hasNextPage))
      return { ids: (backwards ? pages.reverse() : pages).flat(), page };
    cursor = page.edges.at(backwards ? 0 : -1)?.cursor;
  }
}

test("walks with random filters and orders return the jobs and the count of a brute-force search, forwards and backwards", async () => {
  const taskId = await aMixedTask();
  let matched = 0;
  for (let i = 0; i < 150; i++) {
    const [filter, order] = [aFilter(), oneOf(ORDERS)];
    const expected = await bruteForce(taskId, filter, order);
    const size = oneOf([1, 7, 30, 100].slice(expected.length > 40 ? 1 : 0));
    const { ids, page } = await walk(taskId, { filter, order, size, backwards: random() < 0.5 });
    expect({ filter, order, ids }).toEqual({ filter, order, ids: expected });
    expect(page.count).toBe(expected.length);
    matched += Math.min(1, expected.length);
  }
  expect(matched).toBeGreaterThan(30);
});

test("a search of many tasks returns the same as one search for each task, and null for tasks that the viewer may not see", async () => {
  const viewer = { userId: randomUUID(), isAdmin: false };
  const own = await Promise.all([
    aMixedTask(viewer.userId),
    aMixedTask(viewer.userId),
    aTask(database.sql, { user_id: viewer.userId }),
  ]);
  const deleted = await aTask(database.sql, { user_id: viewer.userId, deleted_at: second(0) });
  const unseen = [await aMixedTask(), randomUUID(), deleted];
  const taskIds = [unseen[0], own[2], own[0], unseen[1], own[1], unseen[2]] as string[];
  const deadline = deadlineIn(600_000);
  for (let i = 0; i < 60; i++) {
    const select = { jobs: random() < 0.8, count: random() < 0.7 };
    const search = {
      viewer,
      deadline,
      select,
      filter: random() < 0.2 ? {} : aFilter(),
      order: oneOf(ORDERS),
      after: null,
      before: null,
      backwards: random() < 0.5,
      limit: oneOf([1, 7, 101]),
      offset: oneOf([0, 0, 3]),
    };
    const alone = await Promise.all(taskIds.map((taskId) => queries.findVisibleJobs({ ...search, taskIds: [taskId] })));
    expect(await queries.findVisibleJobs({ ...search, taskIds })).toEqual(alone.flat());
    expect(alone.flat().map((found) => found !== null)).toEqual(taskIds.map((taskId) => own.includes(taskId)));
  }
});

test("an empty list in a filter matches no job", async () => {
  const taskId = await aMixedTask();
  for (const filter of [{ status: [] }, { emailStatus: [] }, { domain: [] }, { deliverability: [] }]) {
    expect((await walk(taskId, { filter })).page).toMatchObject({ edges: [], count: 0 });
  }
});

test("a cursor has the full precision of microseconds", async () => {
  const taskId = await aTask(database.sql);
  for (const micros of ["000001", "000002", "000003"]) {
    await aJob(database.sql, { task_id: taskId, created_at: `2025-01-01T00:00:00.${micros}Z` });
  }
  expect((await walk(taskId, { order: "created_asc", size: 1 })).ids).toHaveLength(3);
});

describe("bounds", () => {
  test.each([
    [{ first: 0 }, ["first"]],
    [{ first: 101 }, ["first"]],
    [{ last: -1 }, ["last"]],
    [{ first: 10, last: 10 }, ["last"]],
  ])("a page with the arguments %j is refused", async (page, fields) => {
    const taskId = await aTask(database.sql);
    const failure = await listConnection({ ...SEARCH, taskId }, page).catch((error) => error);
    expect(failure.details.map((fault: { field: string }) => fault.field)).toEqual(fields);
  });

  test("text that the database cannot store is refused before any statement", async () => {
    const taskId = await aTask(database.sql);
    for (const filter of [{ addressContains: "a\0b" }, { domain: ["\ud800"] }, { emailStatus: Array(101).fill("x") }]) {
      await expect(listConnection({ ...SEARCH, taskId, filter }, {})).rejects.toMatchObject({
        kind: "INVALID_INPUT",
      });
    }
  });
});

test("another user's task is NOT_FOUND like a task that does not exist", async () => {
  const taskId = await aTask(database.sql);
  const stranger = { userId: "00000000-0000-4000-8000-00000000000b", isAdmin: false };
  await expect(openConnectionLister(queries, stranger)({ ...SEARCH, taskId }, {})).rejects.toMatchObject({
    kind: "NOT_FOUND",
  });
});
