-- A CHECK constraint, also a NOT VALID one, would refuse each update of a row that has a long text already, such as a
-- worker's status update. These triggers only look at texts that are written, and their tests run no function.
-- After the row, because BEFORE triggers for each row slow COPY down.
CREATE FUNCTION "reject_long_text"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'a text written to "%" has more than 4096 bytes', TG_TABLE_NAME
    USING ERRCODE = 'check_violation', SCHEMA = TG_TABLE_SCHEMA, TABLE = TG_TABLE_NAME, CONSTRAINT = TG_NAME;
END $$;--> statement-breakpoint
CREATE TRIGGER "tasks_texts_are_short_on_insert" AFTER INSERT ON "tasks"
FOR EACH ROW WHEN (octet_length(NEW.source) > 4096) EXECUTE FUNCTION "reject_long_text"();--> statement-breakpoint
CREATE TRIGGER "tasks_texts_are_short_on_update" AFTER UPDATE OF source ON "tasks"
FOR EACH ROW WHEN (octet_length(NEW.source) > 4096 AND NEW.source IS DISTINCT FROM OLD.source)
EXECUTE FUNCTION "reject_long_text"();--> statement-breakpoint
CREATE TRIGGER "task_email_jobs_texts_are_short_on_insert" AFTER INSERT ON "task_email_jobs"
FOR EACH ROW WHEN (octet_length(NEW.email_address) > 4096) EXECUTE FUNCTION "reject_long_text"();--> statement-breakpoint
CREATE TRIGGER "task_email_jobs_texts_are_short_on_update" AFTER UPDATE OF email_address ON "task_email_jobs"
FOR EACH ROW WHEN (octet_length(NEW.email_address) > 4096 AND NEW.email_address IS DISTINCT FROM OLD.email_address)
EXECUTE FUNCTION "reject_long_text"();--> statement-breakpoint
-- The texts of an email record are limited together, as the server limits them in a response.
CREATE TRIGGER "emails_texts_are_short_on_insert" AFTER INSERT ON "emails"
FOR EACH ROW WHEN (octet_length(NEW.email) + octet_length(NEW.status) + coalesce(octet_length(NEW.domain_name), 0) + coalesce(octet_length(NEW.host_name), 0)
  + coalesce(octet_length(NEW.server_type), 0) + coalesce(octet_length(NEW.unknown_reason), 0) > 4096)
EXECUTE FUNCTION "reject_long_text"();--> statement-breakpoint
CREATE TRIGGER "emails_texts_are_short_on_update"
AFTER UPDATE OF email, status, domain_name, host_name, server_type, unknown_reason ON "emails"
FOR EACH ROW WHEN (octet_length(NEW.email) + octet_length(NEW.status) + coalesce(octet_length(NEW.domain_name), 0) + coalesce(octet_length(NEW.host_name), 0)
  + coalesce(octet_length(NEW.server_type), 0) + coalesce(octet_length(NEW.unknown_reason), 0) > 4096
  AND (NEW.email, NEW.status, NEW.domain_name, NEW.host_name, NEW.server_type, NEW.unknown_reason)
    IS DISTINCT FROM (OLD.email, OLD.status, OLD.domain_name, OLD.host_name, OLD.server_type, OLD.unknown_reason))
EXECUTE FUNCTION "reject_long_text"();
