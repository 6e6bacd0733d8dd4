import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, test } from "vitest";
import { openDatabase } from "../../src/db/client.ts";
import { deadlineIn } from "../../src/values/deadline.ts";
import { aTask, someJobs } from "../support/builders.ts";
import { failedOf, loadPages, wrongOf } from "../support/page-load.ts";
import { type ReplicationNode, sharedReplication } from "../support/replication.ts";
import { serveDatabase } from "../support/test-server.ts";

const { nodes, urlOf } = await sharedReplication();
/** The present roles. A failover exchanges them. */
let [primary, standby] = nodes as [ReplicationNode, ReplicationNode];
const listed = (parameters = "target_session_attrs=primary") => urlOf(nodes, parameters);

/** Makes the former primary a standby of the promoted server. */
async function exchangeRoles(): Promise<void> {
  [primary, standby] = [standby, primary];
  await standby.copyFrom(primary);
}

const opened: { close(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((one) => one.close()));
});

/** A pool like that of a server. */
function open(url: string) {
  const database = openDatabase({ url, maxConnections: 2, statementTimeoutMs: 1000 });
  opened.push(database);
  const port = async () => {
    const [row] = await database.read(deadlineIn(1900), () => database.sql`select inet_server_port() as port`);
    return row?.port as number;
  };
  return { ...database, port };
}

describe("a server of the list is chosen by target_session_attrs", () => {
  test.each([
    ["primary", () => primary],
    ["read-write", () => primary],
    ["standby", () => standby],
    ["read-only", () => standby],
    ["prefer-standby", () => standby],
  ])("%s", async (target, expected) => {
    for (const order of [nodes, nodes.toReversed()]) {
      expect(await open(urlOf(order, `target_session_attrs=${target}`)).port()).toBe(expected().port);
    }
  });

  test("any takes the first server that answers", async () => {
    expect(await open(urlOf([standby, primary])).port()).toBe(standby.port);
  });
});

test("requests survive a failover of about a second without a failure", async () => {
  const taskId = await primary.run((sql) => aTask(sql));
  await primary.run((sql) => someJobs(sql, taskId, 300));
  await standby.replayed();
  const server = await serveDatabase(listed(), {});
  opened.push(server);
  const { get } = await server.as({ isAdmin: true });
  const request = () => get(`/api/v1/tasks/${taskId}/jobs?limit=20&offset=100`);
  const expected = await (await request()).text();
  const load = loadPages({ clients: 20, request, isRight: (body) => body === expected });
  await sleep(500);
  await primary.kill();
  await sleep(900);
  await standby.promote();
  await sleep(1000);
  const pages = await load.stop();
  expect([failedOf(pages), wrongOf(pages)]).toEqual([[], []]);
  await exchangeRoles();
});
