-- running: statements that run at this moment, the longest first
-- source: pg_stat_activity
-- needs: server >= 13
-- privilege: pg_read_all_stats, else other users' statements are not seen, only counted as hidden
-- cost: cheap
with seen as materialized (
  select
    a.pid, a.usename, a.datname, a.application_name, a.query_start, a.xact_start, a.wait_event_type, a.wait_event, a.query, a.backend_start,
    coalesce(a.state in ('active', 'fastpath function call') and a.backend_type = 'client backend', false) as running,
    a.backend_type is null and a.usesysid is not null and a.datid is not null as hidden
  from pg_catalog.pg_stat_activity a
  where a.pid <> pg_catalog.pg_backend_pid() and not (a.application_name = 'pgperf' or a.application_name like 'pgperf %')
)
select
  s.pid,
  s.usename::text as usename,
  s.datname::text as datname,
  s.application_name,
  pg_catalog.date_part('epoch', pg_catalog.statement_timestamp() - s.query_start)::float8 as query_s,
  pg_catalog.date_part('epoch', pg_catalog.statement_timestamp() - s.xact_start)::float8 as xact_s,
  s.wait_event_type,
  s.wait_event,
  s.backend_start::text as backend_start,
  s.query_start::text as query_start,
  (select pg_catalog.count(*) from seen h where h.hidden)::int4 as hidden,
  pg_catalog.left(s.query, 600) as query
from seen s
where s.running
order by s.query_start, s.pid
limit 500
