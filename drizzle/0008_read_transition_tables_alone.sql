-- Citus cannot join a transition table with a distributed table, so these functions read the transition table alone.
CREATE OR REPLACE FUNCTION "count_deleted_jobs"() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  gone record;
BEGIN
  FOR gone IN SELECT task_id, count(*) AS jobs FROM deleted WHERE deleted_at IS NULL GROUP BY task_id LOOP
    -- If the same statement deleted the task, its total is gone already: PostgreSQL fires the triggers of a cascade last.
    IF EXISTS (SELECT FROM tasks WHERE tasks.id = gone.task_id) THEN
      PERFORM add_to_total(gone.task_id, -gone.jobs);
    END IF;
  END LOOP;
  RETURN NULL;
END $$;--> statement-breakpoint
CREATE OR REPLACE FUNCTION "forget_totals_of_deleted_tasks"() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  gone record;
BEGIN
  FOR gone IN SELECT id FROM deleted LOOP
    DELETE FROM task_job_totals WHERE task_id = gone.id;
  END LOOP;
  RETURN NULL;
END $$;
