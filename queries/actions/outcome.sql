-- actions/outcome: what became of sessions that were signalled: settled when the session is gone, or, given its query, when that query is over
-- source: pg_stat_activity
-- needs: server >= 13
-- privilege: pg_read_all_stats, else of other users' sessions only their presence is known
-- cost: cheap; asked after a signal until it has settled
-- param: $1 int4[] pids = {0}
-- param: $2 text[] backend_start = {2001-02-03 04:05:06.123456+00}
-- param: $3 text[] query_start = {NULL}
select
  w.pid,
  a.pid is not null as present,
  a.pid is null or (w.query_start is not null and coalesce(
    a.query_start is distinct from w.query_start::timestamptz or a.state not in ('active', 'fastpath function call'), false)) as settled,
  a.state,
  a.wait_event_type,
  a.wait_event
from rows from (
  pg_catalog.unnest($1::int4[]), pg_catalog.unnest($2::text[]), pg_catalog.unnest($3::text[])
) with ordinality as w(pid, backend_start, query_start, place)
left join pg_catalog.pg_stat_activity a
  on a.pid = w.pid and (a.backend_start is null or w.backend_start is null or a.backend_start = w.backend_start::timestamptz)
order by w.place
