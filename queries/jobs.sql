-- jobs: pg_cron's jobs, each with its last run and how many failed in a row
-- source: cron.job, cron.job_run_details (the last 5,000 runs: it has no index on the job and grows for ever)
-- needs: server >= 13 ; extension pg_cron >= 1.0
-- privilege: usage on schema cron and select on cron.job; a row policy shows each role its own jobs only, superusers all
-- cost: moderate; reads the last 5,000 runs
with runs as materialized (
  select
    d.jobid, d.runid, d.status, d.start_time, d.end_time, d.job_pid,
    pg_catalog.left(pg_catalog.regexp_replace(d.return_message, '\s+$', ''), 300) as message
  from cron.job_run_details d
  where d.runid > (select coalesce(pg_catalog.max(m.runid), 0) - 5000 from cron.job_run_details m)
),
judged as (
  select
    r.*,
    pg_catalog.row_number() over (partition by r.jobid order by r.runid desc) as place,
    pg_catalog.max(case when r.status = 'succeeded' then r.runid end) over (partition by r.jobid) as last_success
  from runs r
)
select
  pg_catalog.date_part('epoch', pg_catalog.clock_timestamp())::float8 as server_time,
  j.jobid::text as jobid,
  coalesce(pg_catalog.to_jsonb(j) ->> 'jobname', '') as jobname,
  j.schedule as schedule,
  pg_catalog.left(pg_catalog.regexp_replace(j.command, '\s+', ' ', 'g'), 500) as command,
  j.database as database,
  j.username as username,
  j.active as active,
  l.status as status,
  l.message as message,
  l.job_pid::int4 as pid,
  pg_catalog.date_part('epoch', l.start_time)::float8 as started_at,
  pg_catalog.date_part('epoch', l.end_time)::float8 as ended_at,
  pg_catalog.date_part('epoch', coalesce(l.end_time, pg_catalog.clock_timestamp()) - l.start_time)::float8 as took_s,
  pg_catalog.date_part('epoch', s.end_time)::float8 as succeeded_at,
  coalesce(f.n, 0)::int4 as failures
from cron.job j
left join judged l on l.jobid = j.jobid and l.place = 1
left join judged s on s.jobid = j.jobid and s.runid = s.last_success
left join lateral (
  select pg_catalog.count(*) as n
  from judged x where x.jobid = j.jobid and x.status = 'failed' and x.runid > coalesce(x.last_success, 0)
) f on true
order by j.jobid
