import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findFreePorts } from "./free-ports.mjs";
import { createNode } from "./replication-node.mjs";

/** The data is deleted afterwards, so PostgreSQL need not write it durably. */
const SETTINGS = {
  fsync: "off",
  full_page_writes: "off",
  shared_buffers: "16MB",
  max_connections: "100",
  // A restarted standby finds the segments that it lacks.
  wal_keep_size: "256MB",
  // A standby reconnects to a new primary at once.
  wal_retrieve_retry_interval: "100ms",
};

/**
 * Starts a primary, the first of `nodes`, and standbys that follow whichever of them is the primary. `prepare` fills the
 * database before the standbys are copied.
 * @param {{ standbys?: number, settings?: Record<string, string>, prepare?: (url: string) => Promise<void> }} [options]
 */
export async function openReplication({ standbys = 1, settings = {}, prepare = async () => {} } = {}) {
  const root = await mkdtemp(join(tmpdir(), "task-jobs-replication-"));
  const ports = await findFreePorts(standbys + 1);
  /** @type {import("./replication-node.mjs").Node[]} */
  const nodes = [];
  const group = { root, ports, settings: { ...SETTINGS, ...settings }, password: "", nodes };

  async function close() {
    await Promise.all(nodes.map((node) => node.kill()));
    await rm(root, { recursive: true, force: true });
  }

  try {
    for (const port of ports) nodes.push(createNode(group, port));
    const [primary, ...others] = nodes;
    await primary.start();
    group.password = new URL(primary.url).password;
    await prepare(primary.url);
    for (const node of others) await node.copyFrom(primary);
  } catch (error) {
    await close();
    throw error;
  }

  return {
    nodes,
    /** The URL of several servers, in this order. */
    urlOf(/** @type {import("./replication-node.mjs").Node[]} */ some, parameters = "") {
      const url = new URL(nodes[0].url);
      const hosts = some.map(({ port }) => `${url.hostname}:${port}`).join(",");
      return `postgres://${url.username}:${url.password}@${hosts}${url.pathname}${parameters && `?${parameters}`}`;
    },
    close,
  };
}
