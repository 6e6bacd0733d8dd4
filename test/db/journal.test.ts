import { afterEach, describe, expect, test } from "vitest";
import { openDatabase } from "../../src/db/client.ts";
import { applyMigrations } from "../../src/db/migrate.ts";
import { aTask, someJobs } from "../support/builders.ts";
import { createEmptyDatabase, createOldDatabase } from "../support/old-database.ts";
import { serveDatabase } from "../support/test-server.ts";

type Database = Awaited<ReturnType<typeof createEmptyDatabase>>;

let database: Database | undefined;
afterEach(async () => {
  await database?.close();
  database = undefined;
});

const appliedIn = async ({ sql }: Database) =>
  (await sql`select count(*)::int as count from public.task_jobs_api_migrations`)[0]?.count;

const OTHER_JOURNAL = `create schema drizzle;
  create table drizzle.__drizzle_migrations (id serial primary key, hash text not null, created_at bigint);
  insert into drizzle.__drizzle_migrations (hash, created_at) values ('of another application', 9007199254740991)`;

test("another drizzle application's journal in the same database stays as it is, and ours is kept beside it", async () => {
  database = await createEmptyDatabase();
  await database.sql.unsafe(OTHER_JOURNAL);
  await applyMigrations(database.url);
  await aTask(database.sql);
  expect(await appliedIn(database)).toBeGreaterThan(6);
  expect(await database.sql`select hash from drizzle.__drizzle_migrations`).toEqual([
    { hash: "of another application" },
  ]);
});

test("an installation that kept its migrations in drizzle's default table is carried over with its roles' rights", async () => {
  database = await createOldDatabase(4);
  const { sql } = database;
  const role = `reader_${database.name}`;
  await sql.unsafe(`create role ${role}; grant select on drizzle.__drizzle_migrations to ${role}`);
  await sql`insert into drizzle.__drizzle_migrations (hash, created_at) values ('of another application', 1)`;
  const taskId = await aTask(sql);
  await someJobs(sql, taskId, 3);
  await applyMigrations(database.url);
  await applyMigrations(database.url);
  expect(await sql`select count(*)::int as count from task_email_jobs`).toEqual([{ count: 3 }]);
  const [journal] = await sql`
    select count(*)::int as rows, count(distinct hash)::int as hashes,
      has_table_privilege(${role}, 'public.task_jobs_api_migrations', 'select') as is_readable
    from public.task_jobs_api_migrations where hash <> 'of another application'`;
  expect(journal).toEqual({ rows: await appliedIn(database), hashes: journal?.rows, is_readable: true });
  await sql.unsafe(`drop owned by ${role}; drop role ${role}`);
});

describe("with a role whose search_path names other tables first", () => {
  test("migrations, keys, pages, searches, counts, exports and rate limits use the tables in public", async () => {
    database = await createEmptyDatabase();
    const { sql, name, url } = database;
    await sql.unsafe(`create schema decoys`);
    await sql.unsafe(`alter database ${name} set search_path = decoys, public`);
    await applyMigrations(url);
    const tables = ["tasks", "task_email_jobs", "emails", "api_keys", "task_job_totals", "rate_limits", "import_rows"];
    for (const table of tables) await sql.unsafe(`create table decoys.${table} (id int)`);
    await sql.unsafe("create type decoys.job_status as enum ('decoy')");
    const seed = await openSeed(url);
    const environment = { RATE_LIMIT: "1000/s", RATE_LIMIT_STORE: "postgres" };
    const server = await serveDatabase(url, environment);
    try {
      expect((await server.as()).key).toMatch(/^tj_/);
      const owner = await server.as({ userId: seed.userId });
      const ask = async (path: string) => (await owner.get(path)).text();
      expect((await fetch(`${server.url}/readyz`)).status).toBe(200);
      const jobs = `/api/v1/tasks/${seed.taskId}/jobs`;
      for (const query of ["", "?offset=250", "?after=", "?status=completed", "?domain=example.com", "?q=user1"]) {
        const response = await owner.get(jobs + query);
        expect([query, response.status]).toEqual([query, 200]);
        expect(((await response.json()) as { jobs: object[] }).jobs).toHaveLength(10);
      }
      expect((await ask(`${jobs}/export`)).trim().split("\n")).toHaveLength(300);
      expect(JSON.parse(await ask(`/api/v1/tasks/${seed.taskId}`)).metrics.total_email_addresses).toBe(300);
      expect(JSON.parse(await ask("/api/v1/tasks")).count).toBe(1);
      const email = `{ taskJobs(taskId: "${seed.taskId}") { jobs { id email { id } } } }`;
      expect((await owner.query(email)).body.errors).toBeUndefined();
      expect(server.logLines.join("")).not.toContain("store does not answer");
      const [counted] = await sql`select count(*)::int as count from public.rate_limits`;
      expect(counted?.count).toBeGreaterThan(0);
    } finally {
      await server.close();
    }
  });
});

async function openSeed(url: string) {
  const seed = openDatabase({ url, maxConnections: 1 });
  await seed.sql`set search_path to public`;
  const userId = "00000000-0000-4000-8000-00000000000b";
  const taskId = await aTask(seed.sql, { user_id: userId });
  await someJobs(seed.sql, taskId, 300);
  await seed.sql`update emails set domain_name = 'Example.com'`;
  await seed.close();
  return { userId, taskId };
}

describe("readiness reports why the database cannot be used", () => {
  test("a role that lacks the right to read a table is not ready, and the log names the table", async () => {
    database = await createEmptyDatabase();
    await applyMigrations(database.url);
    const role = `server_${database.name}`;
    await database.sql.unsafe(`create role ${role} login password 'p';
      grant select on public.task_jobs_api_migrations, tasks, task_email_jobs, api_keys, task_job_totals to ${role}`);
    const url = new URL(database.url);
    url.username = role;
    url.password = "p";
    const server = await serveDatabase(url.href, {});
    try {
      expect((await fetch(`${server.url}/readyz`)).status).toBe(503);
      expect(server.logLines.join("")).toContain("this role may not read emails");
    } finally {
      await server.close();
      await database.sql.unsafe(`drop owned by ${role}; drop role ${role}`);
    }
  });

  test("a database that is not UTF-8 is not ready, and the migrations stop with an error that says how to replace it", async () => {
    database = await createEmptyDatabase("template template0 encoding 'LATIN1' locale 'C'");
    await expect(applyMigrations(database.url)).rejects.toThrow(
      /has the encoding LATIN1, but must have UTF8.*TEMPLATE template0/,
    );
  });
});
