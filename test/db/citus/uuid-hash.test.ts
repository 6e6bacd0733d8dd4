import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { hashOfUuid } from "../../../src/db/citus/uuid-hash.ts";
import { sharedTestDatabase } from "../../support/test-database.ts";

const { sql } = await sharedTestDatabase();

test("the hash of a UUID equals that of PostgreSQL, which decides the shard of a task on Citus", async () => {
  const uuids = [
    "00000000-0000-0000-0000-000000000000",
    "ffffffff-ffff-ffff-ffff-ffffffffffff",
    "80000000-7FFF-8000-7fff-FFFFFFFF0001",
    ...Array.from({ length: 2000 }, () => randomUUID()),
  ];
  const hashes =
    await sql`select uuid_hash(id) as hash from unnest(${`{${uuids.join(",")}}`}::uuid[]) with ordinality as u (id, at) order by at`;
  expect(uuids.map(hashOfUuid)).toEqual(hashes.map(({ hash }) => hash));
});
