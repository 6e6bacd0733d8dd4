-- The last three procedures add one task each, as the importer and the workers do. The ids are random, and all jobs of a file share the time of
-- their import, so entries of an index arrive in random order within a task.
create function addresses(jobs int) returns table (address text, domain text) language sql as $$
  select (array['alice', 'bob', 'carol.jones', 'dave', 'erin.smith', 'frank', 'info', 'sales'])[1 + number % 8]
           || (random() * 1e6)::int || '@' || host, host
  from generate_series(1, jobs) number,
       lateral (select (array['gmail.com', 'outlook.com', 'yahoo.com', 'northwind-traders.example', 'contoso.example'])
                         [1 + number % 5] as host) hosts
$$;

create function new_task() returns uuid language sql as $$
  insert into tasks (user_id, source) values (gen_random_uuid(), 'upload.csv') returning id
$$;

create function new_emails(wanted jsonb) returns setof emails language sql as $$
  insert into emails (email, status, has_mx_records, has_reverse_dns, domain_name, host_name, server_type, validated_at)
  select value ->> 'address', 'valid', true, true, value ->> 'domain', 'mx1.' || (value ->> 'domain'), 'Google Workspace', now()
  from jsonb_array_elements(wanted) returning *
$$;

create procedure import_jobs_without_results(jobs int) language sql as $$
  insert into task_email_jobs (task_id, email_address)
  select task, address from new_task() task, addresses(jobs)
$$;

create procedure import_jobs_with_results(jobs int) language plpgsql as $$
declare
  task uuid := new_task();
begin
  insert into task_email_jobs (task_id, email_id, email_address, status)
  select task, record.id, record.email, 'completed'
  from new_emails((select jsonb_agg(jsonb_build_object('address', address, 'domain', domain)) from addresses(jobs))) record;
end $$;

-- A worker takes a job (processing) and later stores its result (completed), each time in a batch of 100.
create procedure process_jobs(task uuid) language plpgsql as $$
declare
  batch uuid[];
begin
  for batch in
    select array_agg(id) from (
      select id, row_number() over (order by id) / 100 as number from task_email_jobs where task_id = task
    ) numbered group by number
  loop
    update task_email_jobs set status = 'processing', updated_at = clock_timestamp()
    where task_id = task and id = any(batch);
    with records as (
      select record.id, record.email
      from new_emails((select jsonb_agg(jsonb_build_object(
             'address', email_address, 'domain', split_part(email_address, '@', 2)))
           from task_email_jobs where task_id = task and id = any(batch))) record
    )
    update task_email_jobs job set status = 'completed', email_id = records.id, updated_at = clock_timestamp()
    from records where job.task_id = task and job.id = any(batch) and job.email_address = records.email;
    commit;
  end loop;
end $$;

create procedure write_results_of_workers(jobs int) language plpgsql as $$
declare
  task uuid := new_task();
begin
  insert into task_email_jobs (task_id, email_address) select task, address from addresses(jobs);
  commit;
  call process_jobs(task);
end $$;
