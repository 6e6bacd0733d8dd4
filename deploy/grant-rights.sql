-- Run by the owner after the migrations. Grants the role of the servers its rights, and sets what PgBouncer ignores at startup.
grant usage on schema public to server;
grant select on task_jobs_api_migrations, tasks, task_email_jobs, emails, api_keys, task_job_totals to server;
grant select, insert, update, delete on rate_limits to server;
-- Without this right the server learns the timeline of a standby late, and after a failover does not use the standby for minutes.
grant pg_read_all_stats to server;

alter role server set random_page_cost = 1.1;
alter role server set max_parallel_workers_per_gather = 0;
alter role server set statement_timeout = '1s';
alter role server set lock_timeout = '500ms';
alter role server set idle_in_transaction_session_timeout = '5s';
