import { afterAll } from "vitest";
import { applyMigrations } from "../../src/db/migrate.ts";
import { openReplication } from "../../tools/support/replication.mjs";

interface ReplicationOptions {
  readonly standbys?: number;
  /** Settings of every server that replace those of the set-up. */
  readonly settings?: Record<string, string>;
  /** Fills the migrated database before the standbys are copied. */
  readonly prepare?: (url: string) => Promise<void>;
}

/** A server of the group: see `tools/support/replication.mjs`. */
export type ReplicationNode = Replication["nodes"][number];
export type Replication = Awaited<ReturnType<typeof openReplication>>;

/** Starts a migrated primary and its standbys at the top of a test file, and removes them after its last test. */
export async function sharedReplication({ prepare, ...options }: ReplicationOptions = {}): Promise<Replication> {
  const replication = await openReplication({
    ...options,
    prepare: async (url) => {
      await applyMigrations(url);
      await prepare?.(url);
    },
  });
  afterAll(() => replication.close());
  return replication;
}
