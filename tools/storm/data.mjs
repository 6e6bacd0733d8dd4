import { ROW_IDS, rowId } from "../support/row-id.mjs";

/**
 * The rows of the database, computed from numbers, so that the checker knows every row without a query. Each id and each address
 * contains its owner: `00000003-0002-…` and `j17.t2.u3@storm.example` belong to task 2 of user 3.
 */
export const USERS = 10;

/** Jobs of the tasks 1, 2 and 3 of every user: less than a page, a few pages, and enough for the plan of deep pages. */
const TASK_SIZES = [40, 300, 1000];
export const TASKS = TASK_SIZES.length;

/** A task with one job that PostgreSQL cannot send. */
export const TRAP = { user: USERS + 1, task: 1, jobs: 100, brokenJob: 50 };

/** Jobs of one upload have the same created_at, so that their order depends on the ids. */
const JOBS_PER_UPLOAD = 10;
const STATUSES = ["pending", "processing", "completed", "failed"];

/** The user and task of every id in a text. */
export function ownersIn(text) {
  return [...text.matchAll(ROW_IDS)].map(([, user, task]) => ({
    user: Number(user),
    task: Number(task),
  }));
}

export const userId = (user) => rowId("user", { user });
export const taskId = (user, task) => rowId("task", { user, task });
export const sizeOf = (task) => TASK_SIZES[task - 1];

function jobOf(user, task, number) {
  const second = Math.floor(number / JOBS_PER_UPLOAD);
  const time = new Date(Date.UTC(2025, 0, 1) + second * 1000).toISOString().replace(".000Z", "Z");
  const name = `j${number}.t${task}.u${user}`;
  const email =
    number % 7 === 0
      ? null
      : {
          id: rowId("email", { user, task, number }),
          email: `${name}@storm.example`,
          status: "valid",
          domainName: `${name}.storm.example`,
        };
  return {
    id: rowId("job", { user, task, number }),
    taskId: taskId(user, task),
    emailAddress: `${name}@storm.example`,
    status: STATUSES[number % STATUSES.length],
    email,
    createdAt: time,
    updatedAt: time,
  };
}

/** A page, newest job first. Jobs with higher numbers are newer. */
export function pageOf({ owner, task, limit, offset }) {
  const newest = sizeOf(task) - 1 - offset;
  const length = Math.max(0, Math.min(limit, newest + 1));
  return Array.from({ length }, (_, index) => jobOf(owner, task, newest - index));
}

/** A page of the jobs with one status, as a filter or a connection returns it. */
export function filteredPageOf({ owner, task, limit, offset }, status) {
  return pageOf({ owner, task, limit: sizeOf(task), offset: 0 })
    .filter((job) => job.status === status)
    .slice(offset, offset + limit);
}

export const countOf = (task, status) =>
  filteredPageOf({ owner: 1, task, limit: sizeOf(task), offset: 0 }, status).length;

export async function insertData(sql) {
  for (let user = 1; user <= USERS; user++) {
    for (let task = 1; task <= TASKS; task++) await insertTask(sql, { user, task, jobs: sizeOf(task) });
  }
  await insertTask(sql, TRAP);
  await setTrap(sql);
  await sql`analyze`;
}

async function insertTask(sql, { user, task, jobs: size }) {
  const jobs = Array.from({ length: size }, (_, number) => jobOf(user, task, number));
  const emails = jobs.flatMap(({ email }) => (email === null ? [] : [email]));
  await sql`insert into tasks (id, user_id) values (${taskId(user, task)}, ${userId(user)})`;
  await sql`
    insert into emails (id, email, status, domain_name)
    select id, email, status, "domainName"
    from jsonb_to_recordset(${sql.json(emails)}) as _ (id uuid, email text, status text, "domainName" text)`;
  await sql`
    insert into task_email_jobs (id, task_id, email_id, email_address, status, created_at, updated_at)
    select id, "taskId", (email ->> 'id')::uuid, "emailAddress", status, "createdAt", "updatedAt"
    from jsonb_to_recordset(${sql.json(jobs)}) as _ (id uuid, "taskId" uuid, email jsonb, "emailAddress" text,
      status job_status, "createdAt" timestamptz, "updatedAt" timestamptz)`;
}

/**
 * Gives one job an enum value that is then deleted from the catalogue. The statement of its page sends the rows before it and
 * then fails (22P03), which tests an error in the middle of a result.
 */
async function setTrap(sql) {
  await sql`alter type job_status add value 'deleted value'`;
  const { user, task, brokenJob } = TRAP;
  await sql`update task_email_jobs set status = 'deleted value' where id = ${rowId("job", { user, task, number: brokenJob })}`;
  await sql`delete from pg_enum where enumlabel = 'deleted value'`;
}
