-- A counter reaches the same number again after a failover that lost a transaction, or a restore, and a server that kept
-- running would then use a bookmark of other rows. A hash of a random UUID does not, and setseed() has no influence on it.
CREATE OR REPLACE FUNCTION "add_to_free_total"(task uuid, delta bigint) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  UPDATE task_job_totals SET jobs = jobs + delta, changes = uuid_hash_extended(gen_random_uuid(), 0)
  WHERE task_id = task AND slot = (
    SELECT slot FROM task_job_totals WHERE task_id = task LIMIT 1 FOR UPDATE SKIP LOCKED
  );
  RETURN FOUND;
END $$;--> statement-breakpoint
CREATE OR REPLACE FUNCTION "add_to_total"(task uuid, delta bigint) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF current_setting('transaction_isolation') = 'read committed' THEN
    IF add_to_free_total(task, delta) THEN RETURN; END IF;
  ELSE
    -- A slot that changed since the snapshot cannot be taken; a new one can. Only here, because every exception block is
    -- a subtransaction.
    BEGIN
      IF add_to_free_total(task, delta) THEN RETURN; END IF;
    EXCEPTION WHEN serialization_failure THEN NULL;
    END;
  END IF;
  INSERT INTO task_job_totals (task_id, jobs, changes) VALUES (task, delta, uuid_hash_extended(gen_random_uuid(), 0));
END $$;--> statement-breakpoint
CREATE OR REPLACE FUNCTION "count_no_jobs"() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  UPDATE task_job_totals SET jobs = 0, changes = uuid_hash_extended(gen_random_uuid(), 0);
  RETURN NULL;
END $$;
