import { type Column, sql } from "drizzle-orm";
import {
  bigint,
  boolean,
  check,
  index,
  integer,
  pgEnum,
  pgTable,
  primaryKey,
  text,
  timestamp,
  uniqueIndex,
  uuid,
} from "drizzle-orm/pg-core";

/**
 * Read as text and never as a `Date`, which would lose the microseconds of PostgreSQL and take time to parse.
 */
const timestamptz = () => timestamp({ withTimezone: true, mode: "string" });

/** Responses and exports contain these timestamps in RFC 3339, which ends at the year 9999. */
const isRfc3339 = (...columns: Column[]) =>
  sql.join(
    columns.map((column) => sql`(${column} >= '0001-01-01 00:00:00+00' and ${column} < '10000-01-01 00:00:00+00')`),
    sql` and `,
  );

const id = () => uuid().primaryKey().defaultRandom();

const rowTimes = () => ({
  createdAt: timestamptz().notNull().defaultNow(),
  updatedAt: timestamptz().notNull().defaultNow(),
  /** Set for a soft-deleted row, which no read may return. */
  deletedAt: timestamptz(),
});

export const jobStatus = pgEnum("job_status", ["pending", "processing", "completed", "failed"]);

export const tasks = pgTable(
  "tasks",
  {
    id: id(),
    /** Null for a task without a user, which only admins can read. */
    userId: uuid(),
    webhookUrl: text(),
    source: text(),
    ...rowTimes(),
  },
  (task) => [
    index("tasks_of_user_idx").on(task.userId, task.createdAt, task.id).where(sql`${task.deletedAt} is null`),
    index("tasks_newest_idx").on(task.createdAt, task.id).where(sql`${task.deletedAt} is null`),
    check("tasks_timestamps_are_rfc3339", isRfc3339(task.createdAt, task.updatedAt)),
  ],
);

/** The verifier's record of one address. `status` and `serverType` are text, because verifiers may add values. */
export const emails = pgTable(
  "emails",
  {
    id: id(),
    email: text().notNull(),
    status: text().notNull(),
    isRoleBased: boolean().notNull().default(false),
    isDisposable: boolean().notNull().default(false),
    hasMxRecords: boolean().notNull().default(false),
    hasReverseDns: boolean().notNull().default(false),
    domainName: text(),
    hostName: text(),
    serverType: text(),
    isCatchall: boolean().notNull().default(false),
    validatedAt: timestamptz(),
    unknownReason: text(),
    needsPhysicalVerify: boolean().notNull().default(false),
    ...rowTimes(),
  },
  (email) => [
    // Deleted rows are exempt, so that a row from before the constraint can still be soft-deleted.
    check(
      "emails_timestamps_are_rfc3339",
      sql`${email.deletedAt} is not null or (${isRfc3339(email.validatedAt, email.createdAt, email.updatedAt)})`,
    ),
  ],
);

export const taskEmailJobs = pgTable(
  "task_email_jobs",
  {
    id: id(),
    taskId: uuid()
      .notNull()
      .references(() => tasks.id, { onDelete: "cascade" }),
    emailId: uuid().references(() => emails.id, { onDelete: "set null" }),
    emailAddress: text().notNull(),
    status: jobStatus().notNull().default("pending"),
    ...rowTimes(),
  },
  (job) => [
    // Ascending, because drizzle's `.desc()` would create it with NULLS LAST. The ORDER BY has NULLS FIRST, so PostgreSQL
    // would sort every page instead of scanning the index backwards.
    index("task_email_jobs_page_idx").on(job.taskId, job.createdAt, job.id).where(sql`${job.deletedAt} is null`),
    // For filters by status, such as failed jobs.
    index("task_email_jobs_status_idx")
      .on(job.taskId, job.status, job.createdAt, job.id)
      .where(sql`${job.deletedAt} is null`),
    // For pages by `updatedAt`, with which callers follow changes.
    index("task_email_jobs_updated_idx").on(job.taskId, job.updatedAt, job.id).where(sql`${job.deletedAt} is null`),
    // Only for the foreign key: without it, deleting one email would read every job.
    index("task_email_jobs_email_idx").on(job.emailId).where(sql`${job.emailId} is not null`),
    check("task_email_jobs_timestamps_are_rfc3339", isRfc3339(job.createdAt, job.updatedAt)),
  ],
);

/**
 * The number of jobs of each task, which triggers maintain in the transaction that changes the jobs. It is the sum over
 * several slots, of which each writer uses one that no other writer has locked, so that writers never wait for each other.
 */
export const taskJobTotals = pgTable(
  "task_job_totals",
  {
    taskId: uuid().notNull(),
    slot: bigint({ mode: "number" }).notNull().generatedAlwaysAsIdentity(),
    jobs: bigint({ mode: "number" }).notNull(),
    /**
     * A new random number whenever a job is added, removed or reordered, so that equal sums mean equal pages. A counter
     * would repeat a number after a failover that lost transactions.
     */
    changes: bigint({ mode: "number" }).notNull(),
  },
  (total) => [primaryKey({ columns: [total.taskId, total.slot] })],
);

/**
 * The points that callers have used, for instances that share a rate limit. rate-limiter-flexible requires these columns in
 * this order. The table is unlogged, so a crash loses at most one window.
 */
export const rateLimits = pgTable("rate_limits", {
  key: text().primaryKey(),
  points: integer().notNull().default(0),
  /** In milliseconds since 1970. */
  expire: bigint({ mode: "number" }),
});

export const apiKeys = pgTable(
  "api_keys",
  {
    id: id(),
    userId: uuid().notNull(),
    /** The SHA-256 hash of the key in lower-case hexadecimal digits. The key itself is not stored. */
    keyHash: text().notNull(),
    /** The first characters of the key, which distinguish keys in a list. */
    keyPreview: text().notNull().default(""),
    name: text().notNull().default(""),
    isAdmin: boolean().notNull().default(false),
    expiresAt: timestamptz(),
    revokedAt: timestamptz(),
    createdAt: timestamptz().notNull().defaultNow(),
  },
  (key) => [
    uniqueIndex("api_keys_key_hash_idx").on(key.keyHash),
    check("api_keys_key_hash_is_sha256", sql`${key.keyHash} ~ '^[0-9a-f]{64}$'`),
  ],
);
