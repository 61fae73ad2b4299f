-- statement-sessions: the sessions that run one statement at this moment
-- source: pg_stat_activity.query_id (new in 14)
-- needs: server >= 14
-- privilege: pg_read_all_stats, else other users' sessions are missing
-- cost: cheap
-- param: $1 text queryid = 0
select
  a.pid,
  a.usename::text as usename,
  a.datname::text as datname,
  a.application_name,
  pg_catalog.date_part('epoch', pg_catalog.statement_timestamp() - a.query_start)::float8 as query_s,
  a.wait_event_type,
  a.wait_event
from pg_catalog.pg_stat_activity a
where a.query_id = $1::text::int8 and a.state = 'active' and a.backend_type = 'client backend' and a.pid <> pg_catalog.pg_backend_pid()
order by query_s desc, a.pid
limit 20
