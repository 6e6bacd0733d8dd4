import { connectForText } from "./support.mjs";

// The data access of the baseline and of the peers that are tuned for speed.
const JOB_COLUMNS = ["id", "task_id", "email_address", "status", "created_at", "updated_at", "email_id"];
const EMAIL_COLUMNS = [
  ...["id", "email", "status", "is_role_based", "is_disposable", "has_mx_records", "has_reverse_dns", "domain_name"],
  ...["host_name", "server_type", "is_catchall", "validated_at", "unknown_reason", "needs_physical_verify"],
];

const FILTERS = {
  status: "status = $4::job_status",
  updated_since: "updated_at >= $4::timestamptz",
  domain: "exists (select from emails where emails.id = email_id and emails.deleted_at is null and domain_name = $4)",
};

const snake = (column) => column;
const camel = (column) => `${column} as "${column.replace(/_(.)/g, (_, letter) => letter.toUpperCase())}"`;

/**
 * Rows with names in snake_case for the documented JSON, or in camelCase for GraphQL.
 * @param {"snake" | "camel"} letterCase
 */
export function createPreparedQueries(letterCase, sql = connectForText()) {
  const list = (columns) => columns.map(letterCase === "camel" ? camel : snake).join(", ");
  const page = (condition = "true") =>
    `select ${list(JOB_COLUMNS)} from task_email_jobs where task_id = $1 and deleted_at is null and ${condition}
     order by created_at desc, id desc limit $2 offset $3`;
  const emails = `select ${list(EMAIL_COLUMNS)} from emails where id = any($1::uuid[]) and deleted_at is null`;
  const prepared = { prepare: true };
  return {
    findJobs: (/** @type {import("./support.mjs").Page} */ { taskId, limit, offset, filter, value }) =>
      filter === undefined
        ? sql.unsafe(page(), [taskId, limit, offset], prepared)
        : sql.unsafe(page(FILTERS[filter]), [taskId, limit, offset, value ?? null], prepared),
    /** A map, because the rows have no order. */
    findEmails: async (ids) =>
      new Map((await sql.unsafe(emails, [`{${ids.join(",")}}`], prepared)).map((email) => [email.id, email])),
    countJobs: async ({ taskId }) => {
      const [row] = await sql`select count(*)::int as count from task_email_jobs
                              where task_id = ${taskId} and deleted_at is null`;
      return row.count;
    },
  };
}

/** The documented jobs: `email` is before the timestamps, and omitted if there is none. */
export async function findJobsWithEmails(queries, page) {
  const jobs = await queries.findJobs(page);
  const emails = await queries.findEmails(jobs.flatMap((job) => job.email_id ?? []));
  return jobs.map(({ id, task_id, email_address, status, email_id, created_at, updated_at }) => ({
    id,
    task_id,
    email_address,
    status,
    email: emails.get(email_id),
    created_at,
    updated_at,
  }));
}
