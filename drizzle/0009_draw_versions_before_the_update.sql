-- Citus refuses volatile functions in an UPDATE of a distributed table, so the random number is drawn before.
CREATE OR REPLACE FUNCTION "add_to_free_total"(task uuid, delta bigint) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  change bigint := uuid_hash_extended(gen_random_uuid(), 0);
BEGIN
  UPDATE task_job_totals SET jobs = jobs + delta, changes = change
  WHERE task_id = task AND slot = (
    SELECT slot FROM task_job_totals WHERE task_id = task LIMIT 1 FOR UPDATE SKIP LOCKED
  );
  RETURN FOUND;
END $$;
