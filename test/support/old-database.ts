import { createHash, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { inject } from "vitest";
import { openDatabase } from "../../src/db/client.ts";
import { databaseUrl } from "./global-setup.ts";
import { asSuperuser } from "./test-database.ts";

interface Migration {
  readonly idx: number;
  readonly tag: string;
  readonly when: number;
}

const { entries: migrations }: { entries: Migration[] } = JSON.parse(
  readFileSync("drizzle/meta/_journal.json", "utf8"),
);

/** Creates an empty database for the calling test only. */
export async function createEmptyDatabase(settings = "") {
  const name = `empty_${randomBytes(6).toString("hex")}`;
  await asSuperuser((sql) => sql.unsafe(`create database ${name} ${settings}`));
  const url = databaseUrl(inject("serverUrl"), name);
  const { sql, close } = openDatabase({ url, maxConnections: 2 });
  return {
    name,
    url,
    sql,
    async close() {
      await close();
      await asSuperuser((admin) => admin.unsafe(`drop database ${name} with (force)`));
    },
  };
}

/** A database of an earlier release, with the default journal of drizzle's migrator. */
export async function createOldDatabase(lastMigration: number) {
  const database = await createEmptyDatabase();
  await database.sql.unsafe(`create schema drizzle; create table drizzle.__drizzle_migrations
    (id serial primary key, hash text not null, created_at bigint)`);
  for (const { tag, when } of migrations.filter(({ idx }) => idx <= lastMigration)) {
    const text = readFileSync(`drizzle/${tag}.sql`, "utf8");
    await database.sql.unsafe(text);
    const hash = createHash("sha256").update(text).digest("hex");
    await database.sql`insert into drizzle.__drizzle_migrations (hash, created_at) values (${hash}, ${when})`;
  }
  return database;
}
