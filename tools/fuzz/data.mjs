import { randomBytes } from "node:crypto";
import { insertKey } from "../support/api-key.mjs";
import { ROW_IDS, rowId } from "../support/row-id.mjs";

/**
 * The rows of the database, computed from their numbers. Each id and each address contains its owner: `00000002-0003-…` and
 * `job-7.task-3.user-2@fuzz.example` belong to task 3 of user 2.
 */
const OWNER = 1;
const NEIGHBOUR = 2;
const ADMIN = 3;
/** Stands for tasks whose `user_id` is null. */
const NO_USER = 9;

export const TASKS = [
  { user: OWNER, number: 1, jobs: 250 },
  { user: OWNER, number: 2, jobs: 3 },
  { user: OWNER, number: 3, jobs: 0 },
  { user: OWNER, number: 4, jobs: 20, isDeleted: true },
  { user: NEIGHBOUR, number: 1, jobs: 120 },
  { user: NO_USER, number: 1, jobs: 30 },
  { user: NO_USER, number: 2, jobs: 0, isMissing: true },
].map((task) => ({ ...task, id: rowId("task", { user: task.user, task: task.number }) }));

export const VIEWERS = {
  owner: { user: OWNER, isAdmin: false },
  neighbour: { user: NEIGHBOUR, isAdmin: false },
  admin: { user: ADMIN, isAdmin: true },
};

export const JWT_SECRET = randomBytes(32).toString("base64url");

/** Jobs of one upload have the same created_at, so that their order depends on the ids. */
const JOBS_PER_UPLOAD = 10;

export const userId = (user) => rowId("user", { user });
export const taskById = new Map(TASKS.map((task) => [task.id, task]));

export function jobOf({ user, number: task }, number) {
  return {
    id: rowId("job", { user, task, number }),
    emailId: number % 5 === 4 ? null : rowId("email", { user, task, number }),
    emailAddress: `job-${number}.task-${task}.user-${user}@fuzz.example`,
  };
}

/** The first row of a page is the newest job. */
export const jobAt = (task, offset) => jobOf(task, task.jobs - 1 - offset);

export function mayRead(viewer, task) {
  return task !== undefined && !task.isDeleted && !task.isMissing && (viewer.isAdmin || viewer.user === task.user);
}

const OWNED_ADDRESS = /job-\d+\.task-(\d+)\.user-(\d+)@fuzz\.example/g;

/** The ids and addresses in a text, each with its owner. */
export function ownedIn(text) {
  const ids = [...text.matchAll(ROW_IDS)].map(([mark, user, task]) => ({ mark, user: +user, task: +task }));
  const addresses = [...text.matchAll(OWNED_ADDRESS)].map(([mark, task, user]) => ({ mark, user: +user, task: +task }));
  return [...ids, ...addresses];
}

/** Inserts all rows and a key for each viewer, a revoked key and an expired key. */
export async function insertData(sql) {
  for (const task of TASKS.filter(({ isMissing }) => !isMissing)) {
    await sql`insert into tasks (id, user_id, deleted_at) values (
      ${task.id}, ${task.user === NO_USER ? null : userId(task.user)}, ${task.isDeleted ? "2025-01-01T00:00:00Z" : null})`;
    const rows = Array.from({ length: task.jobs }, (_, number) => ({
      ...jobOf(task, number),
      uploadedAt: new Date(Date.UTC(2025, 0, 1) + Math.floor(number / JOBS_PER_UPLOAD) * 1000).toISOString(),
    }));
    const json = JSON.stringify(rows);
    await sql`insert into emails (id, email, status)
      select "emailId", "emailAddress", 'valid' from json_to_recordset(${json}::text::json) as job ("emailId" uuid, "emailAddress" text)
      where "emailId" is not null`;
    await sql`insert into task_email_jobs (id, task_id, email_id, email_address, status, created_at)
      select id, ${task.id}, "emailId", "emailAddress", 'completed', "uploadedAt"
      from json_to_recordset(${json}::text::json)
        as job (id uuid, "emailId" uuid, "emailAddress" text, "uploadedAt" timestamptz)`;
  }
  /** @type {{ name: string, user: number, isAdmin: boolean, revokedAt?: string, expiresAt?: string }[]} */
  const keys = Object.entries(VIEWERS).map(([name, viewer]) => ({ name, ...viewer }));
  keys.push({ name: "revoked", ...VIEWERS.owner, revokedAt: "2025-01-01T00:00:00Z" });
  keys.push({ name: "expired", ...VIEWERS.owner, expiresAt: "2025-01-01T00:00:00Z" });
  const keyByName = {};
  for (const { name, user, ...rights } of keys) keyByName[name] = await insertKey(sql, userId(user), rights);
  return keyByName;
}
