import { aJob, aTask } from "./builders.ts";
import type { TestServer } from "./test-server.ts";

/** A user who owns a task of one pending job, with the credential of a WebSocket connection. */
export async function userWithTask({ as, sql }: Pick<TestServer, "as" | "sql">) {
  const user = await as();
  const id = await aTask(sql, { user_id: user.userId });
  const job = await aJob(sql, { task_id: id });
  return { user, id, job, connectionParams: { authorization: `Bearer ${user.key}` } };
}
