-- Rows that exist already become what callers are shown, the nearest timestamp that RFC 3339 expresses: PostgreSQL checks
-- the whole row at every update, and would refuse a worker's update of such a row.
UPDATE "tasks" SET
  "created_at" = least(greatest("created_at", '0001-01-01 00:00:00+00'), '9999-12-31 23:59:59.999999+00'),
  "updated_at" = least(greatest("updated_at", '0001-01-01 00:00:00+00'), '9999-12-31 23:59:59.999999+00')
WHERE NOT ("created_at" >= '0001-01-01 00:00:00+00' AND "created_at" < '10000-01-01 00:00:00+00'
  AND "updated_at" >= '0001-01-01 00:00:00+00' AND "updated_at" < '10000-01-01 00:00:00+00');--> statement-breakpoint
UPDATE "task_email_jobs" SET
  "created_at" = least(greatest("created_at", '0001-01-01 00:00:00+00'), '9999-12-31 23:59:59.999999+00'),
  "updated_at" = least(greatest("updated_at", '0001-01-01 00:00:00+00'), '9999-12-31 23:59:59.999999+00')
WHERE NOT ("created_at" >= '0001-01-01 00:00:00+00' AND "created_at" < '10000-01-01 00:00:00+00'
  AND "updated_at" >= '0001-01-01 00:00:00+00' AND "updated_at" < '10000-01-01 00:00:00+00');--> statement-breakpoint
-- greatest() ignores null, which means here that the address was never validated.
UPDATE "emails" SET
  "validated_at" = CASE WHEN "validated_at" IS NOT NULL THEN least(greatest("validated_at", '0001-01-01 00:00:00+00'), '9999-12-31 23:59:59.999999+00') END,
  "created_at" = least(greatest("created_at", '0001-01-01 00:00:00+00'), '9999-12-31 23:59:59.999999+00'),
  "updated_at" = least(greatest("updated_at", '0001-01-01 00:00:00+00'), '9999-12-31 23:59:59.999999+00')
WHERE NOT ("created_at" >= '0001-01-01 00:00:00+00' AND "created_at" < '10000-01-01 00:00:00+00'
  AND "updated_at" >= '0001-01-01 00:00:00+00' AND "updated_at" < '10000-01-01 00:00:00+00'
  AND ("validated_at" IS NULL OR "validated_at" >= '0001-01-01 00:00:00+00' AND "validated_at" < '10000-01-01 00:00:00+00'));--> statement-breakpoint
-- NOT VALID: the locks are brief however large the tables are.
ALTER TABLE "emails" ADD CONSTRAINT "emails_timestamps_are_rfc3339" CHECK ("emails"."deleted_at" is not null or (("emails"."validated_at" >= '0001-01-01 00:00:00+00' and "emails"."validated_at" < '10000-01-01 00:00:00+00') and ("emails"."created_at" >= '0001-01-01 00:00:00+00' and "emails"."created_at" < '10000-01-01 00:00:00+00') and ("emails"."updated_at" >= '0001-01-01 00:00:00+00' and "emails"."updated_at" < '10000-01-01 00:00:00+00'))) NOT VALID;--> statement-breakpoint
ALTER TABLE "task_email_jobs" ADD CONSTRAINT "task_email_jobs_timestamps_are_rfc3339" CHECK (("task_email_jobs"."created_at" >= '0001-01-01 00:00:00+00' and "task_email_jobs"."created_at" < '10000-01-01 00:00:00+00') and ("task_email_jobs"."updated_at" >= '0001-01-01 00:00:00+00' and "task_email_jobs"."updated_at" < '10000-01-01 00:00:00+00')) NOT VALID;--> statement-breakpoint
ALTER TABLE "tasks" ADD CONSTRAINT "tasks_timestamps_are_rfc3339" CHECK (("tasks"."created_at" >= '0001-01-01 00:00:00+00' and "tasks"."created_at" < '10000-01-01 00:00:00+00') and ("tasks"."updated_at" >= '0001-01-01 00:00:00+00' and "tasks"."updated_at" < '10000-01-01 00:00:00+00')) NOT VALID;
