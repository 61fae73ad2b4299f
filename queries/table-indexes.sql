-- table-indexes: the indexes of one table with their sizes and scans
-- source: pg_index, pg_stat_get_numscans()
-- needs: server >= 13
-- privilege: none
-- cost: cheap; sizes are estimates where somebody holds or awaits an ACCESS EXCLUSIVE lock
-- param: $1 text relid = 0
with locked as materialized (
  select l.relation as oid
  from pg_catalog.pg_locks l
  where l.mode = 'AccessExclusiveLock' and l.relation is not null
    and l.database = (select d.oid from pg_catalog.pg_database d where d.datname = pg_catalog.current_database())
)
select
  c.relname::text as relname,
  i.indisvalid as is_valid,
  i.indisprimary as is_primary,
  i.indisunique as is_unique,
  case
    when c.relkind = 'I' then null
    when exists (select from locked k where k.oid in (i.indexrelid, i.indrelid)) then c.relpages * pg_catalog.current_setting('block_size')::float8
    else coalesce(pg_catalog.pg_relation_size(i.indexrelid), 0)::float8
  end as size_bytes,
  not exists (select from locked k where k.oid in (i.indexrelid, i.indrelid)) as size_exact,
  case when c.relkind = 'i' then pg_catalog.pg_stat_get_numscans(i.indexrelid) end::float8 as idx_scan
from pg_catalog.pg_index i
join pg_catalog.pg_class c on c.oid = i.indexrelid
where i.indrelid = $1::text::pg_catalog.oid
order by c.relname, c.oid
limit 100
