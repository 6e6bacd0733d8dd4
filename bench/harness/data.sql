-- Two million jobs that look like a year of batches. Seeded, so that every run and every machine has the same rows.
begin;
set local timezone = 'UTC';
select setseed(0.42);

create temporary table numbered_tasks on commit drop as
select number,
       case number
         when 0 then current_setting('bench.page_task_id')::uuid
         when 1 then current_setting('bench.large_task_id')::uuid
         when 2 then current_setting('bench.huge_task_id')::uuid
         else md5('task' || number)::uuid
       end as id,
       case when number < 3 then current_setting('bench.user_id')::uuid else md5('user' || number % 50)::uuid end as user_id
from generate_series(0, 2 + current_setting('bench.other_tasks')::int) number;

insert into tasks (id, user_id, source, created_at, updated_at)
select id, user_id, 'upload', timestamptz '2025-01-01' + number * interval '1 hour', timestamptz '2025-01-01' + number * interval '1 hour'
from numbered_tasks;

-- Which task the n-th job belongs to: first the page task, then the large one, the huge one, then the others in turn.
create temporary table numbered_jobs on commit drop as
select number,
       md5('job' || number)::uuid as id,
       md5('email' || number)::uuid as email_id,
       case
         when number < current_setting('bench.page_task_jobs')::int then 0
         when number < current_setting('bench.page_task_jobs')::int + current_setting('bench.large_task_jobs')::int then 1
         when number < current_setting('bench.page_task_jobs')::int + current_setting('bench.large_task_jobs')::int
                       + current_setting('bench.huge_task_jobs')::int then 2
         else 3 + number % current_setting('bench.other_tasks')::int
       end as task_number,
       (array['alice', 'bob', 'carol.jones', 'dave', 'erin.smith', 'frank', 'info', 'sales'])[1 + number % 8] || number as local_part,
       1 + (random() * 6.99)::int % 7 as host,
       random() as luck,
       -- Three rows share each moment, as a batch that is inserted in blocks does: the ties are broken by id.
       timestamptz '2025-01-01' + (number / 3) * interval '1.234567 seconds' as created_at
from generate_series(0, current_setting('bench.jobs')::int - 1) number;

create temporary table hosts on commit drop as
select * from (values
  (1, 'gmail.com', 'gmail-smtp-in.l.google.com', 'Gmail'),
  (2, 'outlook.com', 'outlook-com.olc.protection.outlook.com', 'Outlook'),
  (3, 'yahoo.com', 'mta7.am0.yahoodns.net', 'Yahoo'),
  (4, 'northwind-traders.example', 'aspmx.l.google.com', 'Google Workspace'),
  (5, 'contoso.example', 'contoso-example.mail.protection.outlook.com', 'Microsoft 365'),
  (6, 'fabrikam.example', 'mx1.fabrikam.example', 'Postfix'),
  (7, 'nowhere.invalid', null, null)
) host (number, domain_name, host_name, server_type);

-- The page task and the large ones have an email for every job, the others for half of theirs.
insert into emails (id, email, status, is_role_based, is_disposable, has_mx_records, has_reverse_dns, domain_name, host_name,
                    server_type, is_catchall, validated_at, unknown_reason, needs_physical_verify, created_at, updated_at)
select job.email_id,
       job.local_part || '@' || host.domain_name,
       case when host.host_name is null then 'invalid'
            when luck < 0.70 then 'valid'
            when luck < 0.80 then 'invalid'
            when luck < 0.90 then 'catchall'
            when luck < 0.95 then 'disposable_domain'
            else 'unknown' end,
       job.local_part ~ '^(info|sales)',
       luck between 0.90 and 0.95,
       host.host_name is not null,
       host.number in (1, 2, 4, 5),
       host.domain_name,
       host.host_name,
       host.server_type,
       luck between 0.80 and 0.90,
       job.created_at + luck * interval '90 seconds',
       case when luck >= 0.95 and host.host_name is not null then 'mailbox server answered 451: greylisted, try again later' end,
       luck >= 0.95,
       job.created_at + luck * interval '90 seconds',
       job.created_at + luck * interval '90 seconds'
from numbered_jobs job join hosts host on host.number = job.host
where job.task_number < 3 or job.number % 2 = 0
order by job.number;

insert into task_email_jobs (id, task_id, email_id, email_address, status, created_at, updated_at)
select job.id,
       task.id,
       case when job.task_number < 3 or job.number % 2 = 0 then job.email_id end,
       job.local_part || '@' || host.domain_name,
       (case when job.task_number > 2 and job.number % 2 = 1 or job.task_number = 2 and job.number % 10 = 1
             then (array['pending', 'processing', 'failed'])[1 + job.number % 3] else 'completed' end)::job_status,
       job.created_at,
       case when job.task_number = 2 and job.number % 1000 = 0 then current_setting('bench.late_change')::timestamptz
            else job.created_at end + luck * interval '91 seconds'
from numbered_jobs job
join numbered_tasks task on task.number = job.task_number
join hosts host on host.number = job.host
order by job.number;
commit;
