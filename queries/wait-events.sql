-- wait-events: what active sessions wait for now, one row per event, and one for those that run
-- source: pg_stat_activity
-- needs: server >= 13
-- privilege: pg_read_all_stats, else only the own sessions of this role are seen; how many are not is told in `hidden`
-- cost: cheap
with looked as materialized (
  select a.*, a.backend_type is null and a.usesysid is not null and a.datid is not null as hidden
  from pg_catalog.pg_stat_activity a
  where a.state in ('active', 'fastpath function call') or a.backend_type is null
),
seen as materialized (
  select
    a.pid,
    a.wait_event_type,
    a.wait_event,
    pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() - a.query_start) as running_s,
    -- The most common one is found by sorting: by bytes that takes half the time.
    pg_catalog.left(a.query, 200) collate "C" as query
  from looked a
  where a.state in ('active', 'fastpath function call')
    and a.backend_type in ('client backend', 'parallel worker')
    and a.application_name <> 'pgperf' and a.application_name not like 'pgperf %'
),
events as (
  select s.wait_event_type, s.wait_event from seen s where s.wait_event is not null
  union
  -- Also there when nothing runs: it carries the time.
  select null, null
)
select
  pg_catalog.date_part('epoch', pg_catalog.clock_timestamp())::float8 as server_time,
  e.wait_event_type as wait_event_type,
  e.wait_event as wait_event,
  pg_catalog.count(s.pid)::int4 as sessions,
  pg_catalog.max(s.running_s)::float8 as longest_s,
  (pg_catalog.array_agg(s.pid order by s.running_s desc nulls last, s.pid))[1]::int4 as longest_pid,
  pg_catalog.mode() within group (order by s.query) as query,
  (select pg_catalog.count(*) from looked h where h.hidden)::int4 as hidden
from events e
left join seen s on s.wait_event_type is not distinct from e.wait_event_type and s.wait_event is not distinct from e.wait_event
group by e.wait_event_type, e.wait_event
order by sessions desc, e.wait_event_type nulls first, e.wait_event nulls first
