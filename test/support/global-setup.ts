import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import postgres from "postgres";
import type { TestProject } from "vitest/node";
import { openEmbeddedPostgres } from "#embedded-postgres";
import { applyMigrations } from "../../src/db/migrate.ts";
import { distributeForTests } from "./citus-database.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** The superuser's URL of the test server. Test files clone its database `template_task_jobs`. */
    serverUrl: string;
  }
}

/** Starts one PostgreSQL for the whole run, with a migrated database that every test file clones in about 0.1 s. */
export default async function setup({ provide }: TestProject) {
  const dataDir = await mkdtemp(join(tmpdir(), "task-jobs-test-"));
  const server = await openEmbeddedPostgres({
    dataDir,
    mode: "start",
    settings: {
      fsync: "off",
      synchronous_commit: "off",
      full_page_writes: "off",
      max_connections: "200",
      shared_preload_libraries: "pg_stat_statements",
    },
  });
  const sql = postgres(server.url, { max: 1, onnotice: () => {} });
  await sql`create database template_task_jobs`;
  await sql`create extension pg_stat_statements`;
  await sql.end();
  await applyMigrations(databaseUrl(server.url, "template_task_jobs"));
  provide("serverUrl", server.url);
  if (process.env.CITUS_URL !== undefined) await distributeForTests(process.env.CITUS_URL);

  return async () => {
    await server.stop();
    await rm(dataDir, { recursive: true, force: true });
  };
}

export function databaseUrl(serverUrl: string, database: string): string {
  const url = new URL(serverUrl);
  url.pathname = `/${database}`;
  return url.href;
}
