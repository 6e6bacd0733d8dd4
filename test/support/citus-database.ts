import { checkCluster } from "../../src/db/citus/check-cluster.ts";
import { CITUS_TABLES } from "../../src/db/citus/cluster.queries.ts";
import { stepsFor } from "../../src/db/citus/distribution-steps.ts";
import { openDatabase } from "../../src/db/client.ts";
import { applyMigrations } from "../../src/db/migrate.ts";

const SHARDS = 8;
const KEPT = "task_jobs_api_migrations";

/** Migrates and distributes the database at CITUS_URL, which the tests empty again and again. */
export async function distributeForTests(url: string): Promise<void> {
  await applyMigrations(url);
  const database = openDatabase({ url, maxConnections: 2 });
  try {
    const cluster = await checkCluster(database.sql);
    const isDistributed = cluster.tables.some(({ method }) => method !== null);
    for (const { run } of stepsFor(cluster, isDistributed ? null : SHARDS)) await run(database.sql, () => {});
  } finally {
    await database.close();
  }
}

/** Empties the database at CITUS_URL, because a database on all nodes cannot be created for each test file. */
export async function openCitusDatabase(url: string) {
  const database = openDatabase({ url, maxConnections: 4 });
  await database.sql.unsafe("set citus.multi_shard_modify_mode = sequential; truncate rate_limits");
  await database.sql.unsafe(`truncate ${CITUS_TABLES.filter((name) => name !== KEPT).join(", ")}`);
  return { ...database, url, name: new URL(url).pathname.slice(1) };
}
