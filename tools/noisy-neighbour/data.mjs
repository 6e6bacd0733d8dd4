import { randomUUID } from "node:crypto";
import { insertKey } from "../support/api-key.mjs";

export const JWT_SECRET = "a secret of thirty-two characters";

/** The attacker's task is large enough for slow searches and long exports. */
const JOBS = { attacker: 200_000, victim: 500 };

/** Inserts two users, each with a task and a key. */
export async function insertData(sql) {
  const users = { attacker: await insertUser(sql, JOBS.attacker), victim: await insertUser(sql, JOBS.victim) };
  await sql`analyze`;
  return users;
}

async function insertUser(sql, jobs) {
  const [userId, taskId] = [randomUUID(), randomUUID()];
  await sql`insert into tasks (id, user_id) values (${taskId}, ${userId})`;
  await sql`
    with record as (
      insert into emails (email, status) select 'u' || n || '@example.com', 'valid' from generate_series(1, ${jobs}::int) n
      returning id, email
    )
    insert into task_email_jobs (task_id, email_id, email_address, status) select ${taskId}, id, email, 'completed' from record`;
  return { userId, taskId, key: await insertKey(sql, userId) };
}
