-- progress: how far vacuum, analyze, index builds, clusters, copies and base backups have got, and which autovacuum workers are busy
-- source: pg_stat_progress_*, pg_stat_activity
-- needs: server >= 13
-- privilege: pg_read_all_stats, else of other users' work only the process and database are told
-- cost: cheap
with work (kind, pid, datid, relid, phase, done, whole, unit) as (
  select
    'vacuum', v.pid, v.datid, v.relid, v.phase,
    case when v.phase = 'vacuuming heap' then v.heap_blks_vacuumed when v.phase in ('vacuuming indexes', 'cleaning up indexes') then null else v.heap_blks_scanned end,
    case when v.phase in ('vacuuming indexes', 'cleaning up indexes') then null else v.heap_blks_total end,
    case when v.phase in ('vacuuming indexes', 'cleaning up indexes') then 'indexes' else 'blocks' end
  from pg_catalog.pg_stat_progress_vacuum v
  union all
  select
    'analyze', a.pid, a.datid, a.relid, a.phase,
    case when a.child_tables_total > 0 then a.child_tables_done else a.sample_blks_scanned end,
    case when a.child_tables_total > 0 then a.child_tables_total else a.sample_blks_total end,
    case when a.child_tables_total > 0 then 'partitions' else 'blocks' end
  from pg_catalog.pg_stat_progress_analyze a
  union all
  select
    pg_catalog.lower(coalesce(b.command, 'create index')), b.pid, b.datid, b.relid,
    b.phase || coalesce(' (for ' || nullif(b.current_locker_pid, 0) || ')', ''),
    case when b.phase like 'waiting%' then b.lockers_done when b.tuples_total > 0 then b.tuples_done else b.blocks_done end,
    case when b.phase like 'waiting%' then b.lockers_total when b.tuples_total > 0 then b.tuples_total else b.blocks_total end,
    case when b.phase like 'waiting%' then 'lockers' when b.tuples_total > 0 then 'rows' else 'blocks' end
  from pg_catalog.pg_stat_progress_create_index b
  union all
  select pg_catalog.lower(coalesce(l.command, 'cluster')), l.pid, l.datid, l.relid, l.phase, l.heap_blks_scanned, l.heap_blks_total, 'blocks'
  from pg_catalog.pg_stat_progress_cluster l
  union all
  select 'base backup', s.pid, null, null, s.phase, s.backup_streamed, s.backup_total, 'bytes'
  from pg_catalog.pg_stat_progress_basebackup s
),
worker as materialized (
  select a.pid, a.datid, a.backend_start
  from pg_catalog.pg_stat_activity a
  where a.backend_type = 'autovacuum worker'
),
all_work as (
  select w.* from work w
  union all
  -- A worker between two tables has no progress, but holds one of the few places.
  select 'autovacuum', w.pid, w.datid, null, null, null, null, null
  from worker w
  where not exists (select from work x where x.pid = w.pid)
)
select
  w.kind,
  w.pid,
  coalesce(d.datname::text, a.datname::text) as datname,
  case when w.relid is null or w.relid = 0 then null when d.datname = pg_catalog.current_database() then w.relid::pg_catalog.regclass::text else 'oid ' || w.relid::text end as relation,
  w.phase,
  w.done::float8 as done,
  nullif(w.whole, 0)::float8 as whole,
  w.unit,
  a.usename::text as usename,
  a.backend_type = 'autovacuum worker' as autovacuum,
  a.backend_type = 'autovacuum worker' and a.query like '%to prevent wraparound%' as wraparound,
  pg_catalog.date_part('epoch', pg_catalog.statement_timestamp() - a.xact_start)::float8 as xact_s,
  pg_catalog.date_part('epoch', pg_catalog.statement_timestamp() - case when a.backend_type = 'autovacuum worker' then a.xact_start else a.query_start end)::float8 as age_s,
  a.wait_event_type,
  a.wait_event,
  (select pg_catalog.count(*) from worker)::int4 as workers,
  pg_catalog.current_setting('autovacuum_max_workers')::int4 as max_workers,
  (select pg_catalog.min(pg_catalog.date_part('epoch', pg_catalog.statement_timestamp() - k.backend_start)) from worker k)::float8 as workers_s,
  a.backend_start::text as backend_start,
  pg_catalog.date_part('epoch', pg_catalog.statement_timestamp())::float8 as server_time
from all_work w
left join pg_catalog.pg_stat_activity a on a.pid = w.pid
left join pg_catalog.pg_database d on d.oid = w.datid
order by age_s desc nulls last, w.pid, w.kind
