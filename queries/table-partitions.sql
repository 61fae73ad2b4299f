-- table-partitions: the partitions of one table with their sizes and rows
-- source: pg_inherits, pg_stat_get_*()
-- needs: server >= 13
-- privilege: none
-- cost: moderate; sizes of at most 200 partitions, an estimate where somebody holds or awaits an ACCESS EXCLUSIVE lock
-- param: $1 text relid = 0
with recursive locked as materialized (
  select l.relation as oid
  from pg_catalog.pg_locks l
  where l.mode = 'AccessExclusiveLock' and l.relation is not null
    and l.database = (select d.oid from pg_catalog.pg_database d where d.datname = pg_catalog.current_database())
),
part as (
  select i.inhrelid as oid from pg_catalog.pg_inherits i where i.inhparent = $1::text::pg_catalog.oid
  union all
  select i.inhrelid from part p join pg_catalog.pg_inherits i on i.inhparent = p.oid
),
listed as (
  select c.oid, c.relname, n.nspname, c.relpages
  from part p
  join pg_catalog.pg_class c on c.oid = p.oid
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  where c.relkind in ('r', 'm') and c.relispartition
  order by c.relpages desc, c.oid
  limit 200
)
select
  l.nspname::text as nspname,
  l.relname::text as relname,
  case when k.oid is null then coalesce(pg_catalog.pg_relation_size(l.oid), 0)::float8
    else l.relpages * pg_catalog.current_setting('block_size')::float8 end as size_bytes,
  k.oid is null as size_exact,
  pg_catalog.pg_stat_get_live_tuples(l.oid)::float8 as live,
  pg_catalog.pg_stat_get_dead_tuples(l.oid)::float8 as dead
from listed l
left join (select distinct k.oid from locked k) k on k.oid = l.oid
order by l.nspname, l.relname
