import { and, desc, eq, getTableColumns, inArray, isNull, relations } from "drizzle-orm";
import { boolean, pgEnum, pgTable, text, timestamp, uuid } from "drizzle-orm/pg-core";
import { drizzle } from "drizzle-orm/postgres-js";
import { connectWithDefaults } from "./support.mjs";

// Data access as in the documentation of drizzle: timestamps as Date, inArray, no prepared queries.
const rowTimes = () => ({
  createdAt: timestamp({ withTimezone: true }).notNull(),
  updatedAt: timestamp({ withTimezone: true }).notNull(),
  deletedAt: timestamp({ withTimezone: true }),
});

const jobStatus = pgEnum("job_status", ["pending", "processing", "completed", "failed"]);

const emails = pgTable("emails", {
  id: uuid().primaryKey(),
  email: text().notNull(),
  status: text().notNull(),
  isRoleBased: boolean().notNull(),
  isDisposable: boolean().notNull(),
  hasMxRecords: boolean().notNull(),
  hasReverseDns: boolean().notNull(),
  domainName: text(),
  hostName: text(),
  serverType: text(),
  isCatchall: boolean().notNull(),
  validatedAt: timestamp({ withTimezone: true }),
  unknownReason: text(),
  needsPhysicalVerify: boolean().notNull(),
  ...rowTimes(),
});

const taskEmailJobs = pgTable("task_email_jobs", {
  id: uuid().primaryKey(),
  taskId: uuid().notNull(),
  emailId: uuid().references(() => emails.id),
  emailAddress: text().notNull(),
  status: jobStatus().notNull(),
  ...rowTimes(),
});

const taskEmailJobsRelations = relations(taskEmailJobs, ({ one }) => ({
  email: one(emails, { fields: [taskEmailJobs.emailId], references: [emails.id] }),
}));

const schema = { emails, taskEmailJobs, taskEmailJobsRelations };

/** The database with relations, for a library that generates queries. */
export function createDrizzle() {
  return drizzle(connectWithDefaults(), { casing: "snake_case", schema });
}

export function createDrizzleQueries() {
  const db = createDrizzle();
  const { deletedAt: _deletedAt, ...jobColumns } = getTableColumns(taskEmailJobs);
  return {
    findJobs: ({ taskId, limit, offset }) =>
      db
        .select(jobColumns)
        .from(taskEmailJobs)
        .where(and(eq(taskEmailJobs.taskId, taskId), isNull(taskEmailJobs.deletedAt)))
        .orderBy(desc(taskEmailJobs.createdAt), desc(taskEmailJobs.id))
        .limit(limit)
        .offset(offset),
    findEmails: async (ids) => {
      const { createdAt: _createdAt, updatedAt: _updatedAt, deletedAt: _at, ...emailColumns } = getTableColumns(emails);
      const isWanted = and(inArray(emails.id, ids), isNull(emails.deletedAt));
      const found = await db.select(emailColumns).from(emails).where(isWanted);
      return new Map(found.map((email) => [email.id, email]));
    },
  };
}
