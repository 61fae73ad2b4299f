-- actions/work: what pgperf's own working session does now, whom it waits for, and how long the oldest of them has a transaction open
-- source: pg_stat_activity, pg_blocking_pids()
-- needs: server >= 13
-- privilege: none for one's own session; pg_read_all_stats, else who it waits for is a number only
-- cost: cheap; asked while an action runs
-- param: $1 int4 pid
select
  a.pid,
  a.backend_start::text as backend_start,
  a.state,
  a.wait_event_type,
  a.wait_event,
  a.query_start::text as query_start,
  case when a.wait_event_type = 'Lock' then (
    select pg_catalog.string_agg(
      b.pid::text || coalesce(' (' || pg_catalog.concat_ws(', ', o.usename, nullif(o.application_name, ''), o.state) || ')', ''), ', ' order by o.xact_start, b.pid)
    from pg_catalog.unnest(pg_catalog.pg_blocking_pids(a.pid)) as b(pid)
    left join pg_catalog.pg_stat_activity o on o.pid = b.pid
  ) end as blockers
from pg_catalog.pg_stat_activity a
where a.pid = $1::int4
order by a.pid
