import { expect, test } from "vitest";
import { type ReplicationNode, sharedReplication } from "../support/replication.ts";

const { nodes } = await sharedReplication();
const [first, second] = nodes as [ReplicationNode, ReplicationNode];

test("a promoted standby accepts writes, and the former primary follows it", async () => {
  await first.stop();
  await second.promote();
  await first.becomeStandby();
  await second.run((sql) => sql`create table written_after_promotion as select 1 as number`);
  await first.replayed();
  expect([...(await first.run((sql) => sql`select number from written_after_promotion`))]).toEqual([{ number: 1 }]);
});
