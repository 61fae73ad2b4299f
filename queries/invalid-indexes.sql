-- invalid-indexes: indexes that no query may use, why, and whether somebody is building them
-- source: pg_index.indisvalid, pg_stat_progress_create_index, pg_locks
-- needs: server >= 13
-- privilege: pg_read_all_stats, else whether other users build them is guessed by the locks on their tables
-- cost: cheap
with locked as materialized (
  select l.relation as oid
  from pg_catalog.pg_locks l
  where l.mode = 'AccessExclusiveLock' and l.relation is not null
    and l.database = (select d.oid from pg_catalog.pg_database d where d.datname = pg_catalog.current_database())
),
progress as materialized (
  select g.pid, g.relid, g.index_relid, g.phase from pg_catalog.pg_stat_progress_create_index g where g.datname = pg_catalog.current_database()
),
invalid as (
  select i.*, c.relname, c.relkind, c.relpages, c.relnamespace, t.relname as tablename
  from pg_catalog.pg_index i
  join pg_catalog.pg_class c on c.oid = i.indexrelid
  join pg_catalog.pg_class t on t.oid = i.indrelid
  where not i.indisvalid
  order by c.relpages desc, i.indexrelid
  limit 300
)
select
  i.indexrelid::text as indexrelid,
  n.nspname::text as nspname,
  i.tablename::text as tablename,
  i.relname::text as relname,
  i.relkind = 'I' as partitioned,
  i.indisready as ready,
  i.indisunique as is_unique,
  case
    when i.relkind = 'I' then null
    when k.oid is null then coalesce(pg_catalog.pg_relation_size(i.indexrelid), 0)::float8
    else i.relpages * pg_catalog.current_setting('block_size')::float8
  end as size_bytes,
  k.oid is null as size_exact,
  case
    when i.relkind = 'I' then 'partitions'
    when b.pid is not null then 'building'
    when i.relname ~ '_ccold[0-9]*$' then 'old copy'
    when i.relname ~ '_ccnew[0-9]*$' then 'new copy'
    else 'failed build'
  end as cause,
  b.pid as builder,
  b.phase,
  -- A builder of another user hides what it builds, but not its lock.
  b.pid is null and i.relkind = 'i' and exists (select from progress g where g.relid is null) and exists (
    select from pg_catalog.pg_locks l where l.relation = i.indrelid and l.mode in ('ShareUpdateExclusiveLock', 'ShareLock') and l.granted
      and l.pid in (select g.pid from progress g where g.relid is null)
  ) as maybe_building,
  case when i.relkind = 'I' then (
    select pg_catalog.count(*)::int4
    from pg_catalog.pg_inherits h
    where h.inhparent = i.indrelid and not exists (
      select from pg_catalog.pg_inherits a
      join pg_catalog.pg_index x on x.indexrelid = a.inhrelid
      where a.inhparent = i.indexrelid and x.indrelid = h.inhrelid and x.indisvalid
    )
  ) end as parts_missing,
  case when k.oid is null then pg_catalog.pg_get_indexdef(i.indexrelid) end as definition,
  case
    when i.relkind = 'I' then null
    when i.relname ~ '_cc(old|new)[0-9]*$' then pg_catalog.format('drop index concurrently %I.%I', n.nspname, i.relname)
    else pg_catalog.format('reindex index concurrently %I.%I', n.nspname, i.relname)
  end as mend
from invalid i
join pg_catalog.pg_namespace n on n.oid = i.relnamespace
left join lateral (
  select g.pid, g.phase from progress g where g.relid = i.indrelid or g.index_relid = i.indexrelid order by g.pid limit 1
) b on true
left join lateral (select k.oid from locked k where k.oid in (i.indexrelid, i.indrelid) limit 1) k on true
order by size_bytes desc nulls last, i.indexrelid
