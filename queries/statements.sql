-- statements: what pg_stat_statements has counted per statement, user and database, and the sums over all of it
-- source: pg_stat_statements(false) of version 1.8: numbers alone, without the file of texts
-- needs: extension pg_stat_statements >= 1.8
-- privilege: pg_read_all_stats, else other users' statements are told as one row per user and database
-- cost: moderate; 40 ms at 10,000 entries; at most about 1,000 of them come back, the first by time, calls, mean, reads, temporary blocks and WAL
with entry as materialized (
  select
    pg_catalog.row_number() over () as n,
    e.userid,
    e.dbid,
    e.queryid,
    true as toplevel,
    e.calls,
    e.plans,
    e.total_exec_time,
    e.total_plan_time,
    e.mean_exec_time,
    e.stddev_exec_time,
    e.max_exec_time,
    e.rows,
    e.shared_blks_hit,
    e.shared_blks_read,
    e.shared_blks_dirtied,
    e.temp_blks_read,
    e.temp_blks_written,
    e.blk_read_time as read_time,
    e.blk_write_time as write_time,
    e.wal_bytes,
    null::timestamptz as since
  from pg_stat_statements(false) e
),
listed as (
  -- All of them where they are few: what was not there before is then known to be new.
  (select e.n from entry e order by e.total_exec_time + e.total_plan_time desc limit (select case when pg_catalog.count(*) <= 1000 then 1000 else 400 end from entry))
  union
  (select e.n from entry e order by e.calls desc limit 200)
  union
  (select e.n from entry e order by e.mean_exec_time desc limit 150)
  union
  (select e.n from entry e order by e.shared_blks_read desc limit 150)
  union
  (select e.n from entry e order by e.temp_blks_written desc limit 100)
  union
  (select e.n from entry e order by e.wal_bytes desc limit 100)
),
told as (
  select
    'statement' as kind, 1 as entries, e.userid, e.dbid, e.queryid, e.toplevel, e.calls, e.plans, e.total_exec_time, e.total_plan_time, e.mean_exec_time,
    e.stddev_exec_time, e.max_exec_time, e.rows, e.shared_blks_hit, e.shared_blks_read, e.shared_blks_dirtied, e.temp_blks_read, e.temp_blks_written,
    e.read_time, e.write_time, e.wal_bytes, e.since
  from entry e
  join listed l on l.n = e.n
  where e.queryid is not null
  union all
  select
    'hidden', pg_catalog.count(*), e.userid, e.dbid, null, e.toplevel, pg_catalog.sum(e.calls), pg_catalog.sum(e.plans), pg_catalog.sum(e.total_exec_time),
    pg_catalog.sum(e.total_plan_time), null, null, pg_catalog.max(e.max_exec_time), pg_catalog.sum(e.rows), pg_catalog.sum(e.shared_blks_hit),
    pg_catalog.sum(e.shared_blks_read), pg_catalog.sum(e.shared_blks_dirtied), pg_catalog.sum(e.temp_blks_read), pg_catalog.sum(e.temp_blks_written),
    pg_catalog.sum(e.read_time), pg_catalog.sum(e.write_time), pg_catalog.sum(e.wal_bytes), null
  from entry e
  where e.queryid is null
  group by e.userid, e.dbid, e.toplevel
  union all
  -- Nested statements are part of the time of those that called them: the sums leave them out.
  select
    'all', pg_catalog.count(*), null, null, null, true, pg_catalog.sum(e.calls) filter (where e.toplevel), pg_catalog.sum(e.plans) filter (where e.toplevel),
    pg_catalog.sum(e.total_exec_time) filter (where e.toplevel), pg_catalog.sum(e.total_plan_time) filter (where e.toplevel), null, null,
    pg_catalog.max(e.max_exec_time), pg_catalog.sum(e.rows) filter (where e.toplevel), pg_catalog.sum(e.shared_blks_hit) filter (where e.toplevel),
    pg_catalog.sum(e.shared_blks_read) filter (where e.toplevel), pg_catalog.sum(e.shared_blks_dirtied) filter (where e.toplevel),
    pg_catalog.sum(e.temp_blks_read) filter (where e.toplevel), pg_catalog.sum(e.temp_blks_written) filter (where e.toplevel),
    pg_catalog.sum(e.read_time) filter (where e.toplevel), pg_catalog.sum(e.write_time) filter (where e.toplevel),
    pg_catalog.sum(e.wal_bytes) filter (where e.toplevel), null
  from entry e
  union all
  -- Apart from the sums, which fall when entries are thrown away.
  select
    'about', pg_catalog.count(*), null, null, null, true, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null
  from entry e
)
select
  t.kind,
  t.entries::int4 as entries,
  t.queryid::text as queryid,
  t.userid::text as userid,
  t.dbid::text as dbid,
  t.toplevel,
  coalesce(r.rolname::text, case when t.userid is not null then 'oid ' || t.userid::text end) as usename,
  coalesce(d.datname::text, case when t.dbid is not null then 'oid ' || t.dbid::text end) as datname,
  d.datname = pg_catalog.current_database() as here,
  t.calls::float8 as calls,
  t.plans::float8 as plans,
  t.total_exec_time::float8 as total_exec_time,
  t.total_plan_time::float8 as total_plan_time,
  t.mean_exec_time::float8 as mean_exec_time,
  t.stddev_exec_time::float8 as stddev_exec_time,
  t.max_exec_time::float8 as max_exec_time,
  t.rows::float8 as rows,
  t.shared_blks_hit::float8 as shared_blks_hit,
  t.shared_blks_read::float8 as shared_blks_read,
  t.shared_blks_dirtied::float8 as shared_blks_dirtied,
  t.temp_blks_read::float8 as temp_blks_read,
  t.temp_blks_written::float8 as temp_blks_written,
  t.read_time::float8 as read_time,
  t.write_time::float8 as write_time,
  t.wal_bytes::float8 as wal_bytes,
  pg_catalog.date_part('epoch', t.since)::float8 as since,
  pg_catalog.date_part('epoch', pg_catalog.statement_timestamp() - t.since)::float8 as since_s,
  case when t.kind = 'about' then null::float8 end as stats_reset,
  case when t.kind = 'about' then null::float8 end as dealloc,
  case when t.kind = 'about' then null::int4 end::int4 as fresh_entries,
  case when t.kind = 'about' then pg_catalog.current_setting('pg_stat_statements.max', true)::int4 end as max_entries,
  case when t.kind = 'about' then pg_catalog.current_setting('track_io_timing')::bool end as io_timed
from told t
left join pg_catalog.pg_roles r on r.oid = t.userid
left join pg_catalog.pg_database d on d.oid = t.dbid
order by t.kind, t.total_exec_time desc, t.queryid, t.userid, t.dbid, t.toplevel
