-- sessions: every backend with its state, what it waits for, its ages and the beginning of its query
-- source: pg_stat_activity (query_id new in 14)
-- needs: server >= 14
-- privilege: pg_read_all_stats, else other users' state, waits and query text are hidden
-- cost: cheap; texts are cut, those of idle sessions shorter
select
  a.pid,
  a.leader_pid,
  a.usename::text as usename,
  a.datname::text as datname,
  a.application_name,
  coalesce(pg_catalog.host(a.client_addr), case when a.client_port = -1 then 'local' end) as client,
  a.backend_type,
  a.state,
  pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() - a.state_change)::float8 as state_s,
  a.wait_event_type,
  a.wait_event,
  pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() - a.backend_start)::float8 as backend_s,
  pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() - a.xact_start)::float8 as xact_s,
  case when a.state in ('active', 'fastpath function call')
    then pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() - a.query_start)
  end::float8 as query_s,
  a.backend_xid::text as backend_xid,
  pg_catalog.age(a.backend_xmin) as xmin_age,
  a.query_id::text as query_id,
  -- Nobody reads more of an idle session's last statement: ten thousand of them come every tick.
  pg_catalog.left(a.query, case when a.state = 'idle' then 120 else 600 end) as query,
  a.backend_start::text as backend_start,
  a.xact_start::text as xact_start,
  a.query_start::text as query_start,
  a.state_change::text as state_change,
  coalesce(a.application_name = 'pgperf' or a.application_name like 'pgperf %', false) as own,
  a.backend_type is null and a.usesysid is not null and a.datid is not null as hidden
from pg_catalog.pg_stat_activity a
order by a.pid
