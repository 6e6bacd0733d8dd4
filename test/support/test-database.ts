import { randomBytes } from "node:crypto";
import postgres from "postgres";
import { afterAll, inject } from "vitest";
import { openDatabase } from "../../src/db/client.ts";
import { openCitusDatabase } from "./citus-database.ts";
import { databaseUrl } from "./global-setup.ts";

export type TestDatabase = Awaited<ReturnType<typeof createTestDatabase>>;

/** Set for the tests that run on the database at CITUS_URL instead of one of their own. */
const CITUS_URL = process.env.TESTS_ON_CITUS;

/** Creates a migrated, empty database. `close` drops it. */
export async function createTestDatabase({ onCitus = CITUS_URL !== undefined } = {}) {
  if (onCitus && CITUS_URL !== undefined) return await openCitusDatabase(CITUS_URL);
  const name = `test_${randomBytes(6).toString("hex")}`;
  const url = databaseUrl(inject("serverUrl"), name);
  await asSuperuser((sql) => sql`create database ${sql(name)} template template_task_jobs`);
  const database = openDatabase({ url, maxConnections: 4 });
  return {
    ...database,
    url,
    name,
    async close() {
      await database.close();
      await asSuperuser(async (sql) => {
        const [dropped] = await sql`select oid from pg_database where datname = ${name}`;
        await sql`drop database ${sql(name)} with (force)`;
        // PostgreSQL keeps 5,000 statements, and would forget some that other tests are counting.
        await sql`select pg_stat_statements_reset(0, ${dropped?.oid})`;
      });
    },
  };
}

/** Creates a database at the top of a test file, and drops it after its last test. */
export async function sharedTestDatabase() {
  const database = await createTestDatabase();
  afterAll(() => database.close());
  return database;
}

export async function asSuperuser<T>(work: (sql: postgres.Sql) => Promise<T>): Promise<T> {
  const sql = postgres(inject("serverUrl"), { max: 1, onnotice: () => {} });
  try {
    return await work(sql);
  } finally {
    await sql.end({ timeout: 5 });
  }
}
