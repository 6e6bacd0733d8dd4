import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, expect, onTestFinished } from "vitest";
import { describeDatabase } from "../../src/db/connection-url.ts";
import { type ReplicationNode, sharedReplication } from "./replication.ts";
import { DEFAULT_TIMEOUTS, serveDatabase } from "./test-server.ts";

const METRICS_TOKEN = "0123456789abcdef";
/** A test may need some time between a write and a read of the old rows from a replica, which then lags. */
const MAX_LAG_MS = 2000;
const JOBS = 300;

interface PageOptions {
  readonly token?: string | null;
  readonly limit?: number;
  readonly query?: string;
  readonly headers?: Record<string, string>;
}

interface ServedReplicas {
  readonly databaseUrl: string;
  readonly replicaUrls: string;
  readonly userId: string;
  readonly taskId: string;
}

async function serveReplicas({ databaseUrl, replicaUrls, userId, taskId }: ServedReplicas) {
  const server = await serveDatabase(databaseUrl, {
    ...DEFAULT_TIMEOUTS,
    DATABASE_REPLICA_URLS: replicaUrls,
    MAX_REPLICA_LAG_MS: String(MAX_LAG_MS),
    METRICS_TOKEN,
  });
  const caller = await server.as({ userId });
  return {
    server,
    caller,
    page: ({ token = null, limit = 5, query = "", headers = {} }: PageOptions = {}) =>
      caller.get(`/api/v1/tasks/${taskId}/jobs?limit=${limit}${query}`, {
        headers: { ...headers, ...(token === null ? {} : { "Consistency-Token": token }) },
      }),
    async metric(name: string): Promise<number> {
      const headers = { Authorization: `Bearer ${METRICS_TOKEN}` };
      const text = await (await fetch(`${server.url}/metrics`, { headers })).text();
      const line = text.split("\n").find((each) => each.startsWith(`${name} `));
      return Number(line?.split(" ")[1] ?? 0);
    },
  };
}

/** Starts a primary with two standbys and a server that reads from them, and closes all after the last test of the file. */
export async function openTestReplicas() {
  const userId = randomUUID();
  const taskId = randomUUID();
  const { nodes } = await sharedReplication({ standbys: 2 });
  const [primary, first, second] = nodes as [ReplicationNode, ReplicationNode, ReplicationNode];
  const primaryConnection = (await first.run((sql) => sql`show primary_conninfo`))[0].primary_conninfo as string;
  const addJobs = (count: number) =>
    primary.run(
      (sql) => sql`insert into task_email_jobs (task_id, email_address, created_at)
        select ${taskId}, number || '@a.example', clock_timestamp() from generate_series(1, ${count}::int) number`,
    );
  await primary.run((sql) => sql`insert into tasks (id, user_id) values (${taskId}, ${userId})`);
  await addJobs(JOBS);

  const serve = (replicaUrls: string, databaseUrl = primary.url) =>
    serveReplicas({ databaseUrl, replicaUrls, userId, taskId });
  const { server, caller, page, metric } = await serve(`${first.url}, ${second.url}`);
  afterAll(() => server.close());
  const nameOf = (node: ReplicationNode) => `127.0.0.1:${node.port}/task_jobs`;
  const used = () => Promise.all([first, second].map((node) => metric(`replica_used{replica="${nameOf(node)}"}`)));

  /** Waits until the last log line about a replica has this reason, or none for a replica that is used. */
  const becomes = (node: ReplicationNode, reason: string | null) =>
    expect
      .poll(
        () =>
          server.logLines.map((line) => JSON.parse(line)).findLast(({ replica }) => replica === nameOf(node))?.reason ??
          null,
        { interval: 20 },
      )
      .toBe(reason);

  const resume = async (...paused: ReplicationNode[]) => {
    await Promise.all(paused.map((node) => node.run((sql) => sql`select pg_wal_replay_resume()`)));
  };

  return {
    primary,
    first,
    second,
    server,
    caller,
    taskId,
    page,
    addJobs,
    becomes,
    /** Starts another server, whose only replica is at this URL. The caller closes it. */
    async serve(replicaUrl: string, databaseUrl?: string) {
      const other = await serve(replicaUrl, databaseUrl);
      const name = describeDatabase(replicaUrl).replace("PostgreSQL at ", "");
      return {
        page: other.page,
        failovers: () => other.metric(`replica_failovers_total{replica="${name}"}`),
        answered: () => other.metric(`requests_by_server_total{server="${name}"}`),
        lastReason: () =>
          other.server.logLines.map((line) => JSON.parse(line)).findLast(({ replica }) => replica === name)?.reason ??
          null,
        close: other.server.close,
      };
    },
    used,
    primaryConnection,
    maxLagMs: MAX_LAG_MS,
    /** A well-formed token of another cluster, which the primary answers. */
    foreignToken: `1.${Buffer.alloc(14, 1).toString("base64url")}`,
    futureToken(token: string | null): string {
      const bytes = Buffer.from(token?.slice(2) ?? "", "base64url");
      bytes.writeBigUInt64BE(bytes.readBigUInt64BE(6) + 1_000_000_000n, 6);
      return `1.${bytes.toString("base64url")}`;
    },
    /** Pauses the replay until the test has ended. */
    async pause(...paused: ReplicationNode[]): Promise<void> {
      onTestFinished(() => resume(...paused));
      await Promise.all(
        paused.map((node) =>
          node.run(async (sql) => {
            await sql`select pg_wal_replay_pause()`;
            const state = async () => (await sql`select pg_get_wal_replay_pause_state() as state`)[0]?.state;
            await expect.poll(state, { interval: 5 }).toBe("paused");
          }),
        ),
      );
    },
    resume,
    /** Waits until both replicas are used and have replayed everything. */
    async allUsed(): Promise<void> {
      await Promise.all([first.replayed(), second.replayed(), becomes(first, null), becomes(second, null)]);
      await expect.poll(used, { interval: 20 }).toEqual([1, 1]);
    },
    countJobs: async (): Promise<number> =>
      (await primary.run((sql) => sql`select count(*)::int from task_email_jobs where task_id = ${taskId}`))[0].count,
    countOf: async (response: Response) => ((await response.json()) as { count: number }).count,
    lagOf: (node: ReplicationNode) => metric(`replica_lag_seconds{replica="${nameOf(node)}"}`),
    answered: (name: string) => metric(`requests_by_server_total{server="${name}"}`),
    async failovers(): Promise<number> {
      const counts = [first, second].map((node) => metric(`replica_failovers_total{replica="${nameOf(node)}"}`));
      return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0);
    },
    /** Returns the ids of all jobs by offset, as they were when the task had this number of jobs. */
    async readOffsets(): Promise<(count: number) => string[]> {
      const rows = await primary.run(
        (sql) => sql`select id from task_email_jobs where task_id = ${taskId} order by created_at desc, id desc`,
      );
      const ids = (rows as { id: string }[]).map(({ id }) => id);
      return (count) => ids.slice(ids.length - count);
    },
    /** Requests pages with four connections for some time, and returns their statuses. */
    async statusesFor(ms: number): Promise<number[]> {
      const until = performance.now() + ms;
      const statuses: number[] = [];
      const client = async () => {
        while (performance.now() < until) {
          const response = await page();
          statuses.push(response.status);
          await response.text();
          await delay(2);
        }
      };
      await Promise.all([client(), client(), client(), client()]);
      return statuses;
    },
  };
}
