CREATE TABLE "task_job_totals" (
	"task_id" uuid NOT NULL,
	"slot" bigint GENERATED ALWAYS AS IDENTITY (sequence name "task_job_totals_slot_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"jobs" bigint NOT NULL,
	"changes" bigint NOT NULL,
	CONSTRAINT "task_job_totals_task_id_slot_pk" PRIMARY KEY("task_id","slot")
);
--> statement-breakpoint
ALTER TABLE "task_job_totals" SET (fillfactor = 50);--> statement-breakpoint
-- Rows live here within one UPDATE only: noted by its row trigger, taken away by its statement trigger. Others never see
-- them, and a crash may lose them with the transaction: hence unlogged.
CREATE UNLOGGED TABLE "task_job_moves" ("task_id" uuid NOT NULL, "delta" bigint NOT NULL);--> statement-breakpoint
-- SECURITY DEFINER throughout: a worker needs rights on the jobs alone.
CREATE FUNCTION "add_to_free_total"(task uuid, delta bigint) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  UPDATE task_job_totals SET jobs = jobs + delta, changes = changes + 1
  WHERE task_id = task AND slot = (
    SELECT slot FROM task_job_totals WHERE task_id = task LIMIT 1 FOR UPDATE SKIP LOCKED
  );
  RETURN FOUND;
END $$;--> statement-breakpoint
CREATE FUNCTION "add_to_total"(task uuid, delta bigint) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF current_setting('transaction_isolation') = 'read committed' THEN
    IF add_to_free_total(task, delta) THEN RETURN; END IF;
  ELSE
    -- A slot that changed since the snapshot cannot be taken; a new one can. Not for everybody: every exception block is
    -- a subtransaction.
    BEGIN
      IF add_to_free_total(task, delta) THEN RETURN; END IF;
    EXCEPTION WHEN serialization_failure THEN NULL;
    END;
  END IF;
  INSERT INTO task_job_totals (task_id, jobs, changes) VALUES (task, delta, 1);
END $$;--> statement-breakpoint
CREATE FUNCTION "count_inserted_jobs"() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM add_to_total(task_id, count(*)) FROM inserted WHERE deleted_at IS NULL GROUP BY task_id;
  RETURN NULL;
END $$;--> statement-breakpoint
CREATE FUNCTION "count_deleted_jobs"() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  -- With its task gone in the same statement, the total is gone already: Postgres fires a cascade's triggers last.
  PERFORM add_to_total(task_id, -count(*)) FROM deleted
  WHERE deleted_at IS NULL AND EXISTS (SELECT FROM tasks WHERE tasks.id = task_id) GROUP BY task_id;
  RETURN NULL;
END $$;--> statement-breakpoint
CREATE FUNCTION "note_moved_job"() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF OLD.deleted_at IS NULL THEN INSERT INTO task_job_moves VALUES (OLD.task_id, -1); END IF;
  IF NEW.deleted_at IS NULL THEN INSERT INTO task_job_moves VALUES (NEW.task_id, 1); END IF;
  RETURN NULL;
END $$;--> statement-breakpoint
CREATE FUNCTION "count_moved_jobs"() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  move record;
BEGIN
  FOR move IN
    WITH moves AS (DELETE FROM task_job_moves RETURNING task_id, delta)
    SELECT task_id, sum(delta)::bigint AS delta FROM moves GROUP BY task_id
  LOOP
    PERFORM add_to_total(move.task_id, move.delta);
  END LOOP;
  RETURN NULL;
END $$;--> statement-breakpoint
CREATE FUNCTION "count_no_jobs"() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  -- Not deleted: a page remembered from before must not find its number of changes again.
  UPDATE task_job_totals SET jobs = 0, changes = changes + 1;
  RETURN NULL;
END $$;--> statement-breakpoint
CREATE FUNCTION "forget_totals_of_deleted_tasks"() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  DELETE FROM task_job_totals USING deleted WHERE task_job_totals.task_id = deleted.id;
  RETURN NULL;
END $$;--> statement-breakpoint
CREATE TRIGGER "count_inserted_jobs" AFTER INSERT ON "task_email_jobs"
  REFERENCING NEW TABLE AS inserted FOR EACH STATEMENT EXECUTE FUNCTION "count_inserted_jobs"();--> statement-breakpoint
CREATE TRIGGER "count_deleted_jobs" AFTER DELETE ON "task_email_jobs"
  REFERENCING OLD TABLE AS deleted FOR EACH STATEMENT EXECUTE FUNCTION "count_deleted_jobs"();--> statement-breakpoint
-- Named columns, which forbid a transition table: the workers' status updates then fire nothing at all. With transition
-- tables every one of them cost a quarter more.
CREATE TRIGGER "note_moved_job" AFTER UPDATE OF "id", "task_id", "created_at", "deleted_at" ON "task_email_jobs"
  FOR EACH ROW WHEN (
    (OLD.id, OLD.task_id, OLD.created_at, OLD.deleted_at IS NULL)
    IS DISTINCT FROM (NEW.id, NEW.task_id, NEW.created_at, NEW.deleted_at IS NULL)
  ) EXECUTE FUNCTION "note_moved_job"();--> statement-breakpoint
CREATE TRIGGER "count_moved_jobs" AFTER UPDATE OF "id", "task_id", "created_at", "deleted_at" ON "task_email_jobs"
  FOR EACH STATEMENT EXECUTE FUNCTION "count_moved_jobs"();--> statement-breakpoint
CREATE TRIGGER "count_no_jobs" AFTER TRUNCATE ON "task_email_jobs"
  FOR EACH STATEMENT EXECUTE FUNCTION "count_no_jobs"();--> statement-breakpoint
CREATE TRIGGER "forget_totals_of_deleted_tasks" AFTER DELETE ON "tasks"
  REFERENCING OLD TABLE AS deleted FOR EACH STATEMENT EXECUTE FUNCTION "forget_totals_of_deleted_tasks"();--> statement-breakpoint
INSERT INTO "task_job_totals" ("task_id", "jobs", "changes")
  SELECT "task_id", count(*), 1 FROM "task_email_jobs" WHERE "deleted_at" IS NULL GROUP BY "task_id";
