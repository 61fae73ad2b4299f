-- index-usage: the largest and the most scanned indexes, partitions summed up under their top index
-- source: pg_index, pg_stat_get_numscans() and _tuples_returned() as in pg_stat_user_indexes
-- needs: server >= 13
-- privilege: none
-- cost: moderate; 100 ms at 20,000 indexes; sizes of the listed ones only, an estimate where somebody holds or awaits an ACCESS EXCLUSIVE lock
with recursive locked as materialized (
  select l.relation as oid
  from pg_catalog.pg_locks l
  where l.mode = 'AccessExclusiveLock' and l.relation is not null
    and l.database = (select d.oid from pg_catalog.pg_database d where d.datname = pg_catalog.current_database())
),
partition as (
  select i.inhrelid as oid, i.inhparent as top
  from pg_catalog.pg_inherits i
  join pg_catalog.pg_class p on p.oid = i.inhparent
  where p.relkind = 'I' and not p.relispartition
  union all
  select i.inhrelid, p.top
  from partition p
  join pg_catalog.pg_inherits i on i.inhparent = p.oid
),
leaf as materialized (
  select coalesce(p.top, c.oid) as top, c.oid, i.indrelid, c.relpages
  from pg_catalog.pg_index i
  join pg_catalog.pg_class c on c.oid = i.indexrelid
  join pg_catalog.pg_class t on t.oid = i.indrelid
  join pg_catalog.pg_namespace n on n.oid = t.relnamespace
  left join partition p on p.oid = c.oid
  where c.relkind = 'i' and t.relkind in ('r', 'm') and n.nspname not in ('pg_catalog', 'information_schema') and n.nspname not like 'pg\_temp\_%'
),
used as materialized (
  select
    x.top,
    pg_catalog.count(*)::int4 as parts,
    pg_catalog.sum(x.relpages) as relpages,
    pg_catalog.sum(pg_catalog.pg_stat_get_numscans(x.oid))::float8 as idx_scan,
    pg_catalog.sum(pg_catalog.pg_stat_get_tuples_returned(x.oid))::float8 as idx_tup_read,
    pg_catalog.sum(pg_catalog.pg_stat_get_tuples_fetched(x.oid))::float8 as idx_tup_fetch,
    null::timestamptz as last_scan
  from leaf x
  group by x.top
),
listed as (
  (select u.top from used u order by u.relpages desc, u.top limit 300)
  union
  (select u.top from used u order by u.idx_scan desc, u.top limit 200)
),
sized as (
  select
    m.top,
    pg_catalog.sum(case when m.place <= 1000 and k.oid is null then coalesce(pg_catalog.pg_relation_size(m.oid), 0)::float8 else m.relpages * pg_catalog.current_setting('block_size')::float8 end) as size_bytes,
    pg_catalog.bool_and(m.place <= 1000 and k.oid is null) as size_exact
  from (
    select l.top, x.oid, x.indrelid, x.relpages, pg_catalog.row_number() over (order by x.relpages desc, x.oid) as place
    from listed l
    join leaf x on x.top = l.top
  ) m
  -- Whoever asks for the size of a locked relation waits behind the lock.
  left join lateral (select k.oid from locked k where k.oid in (m.oid, m.indrelid) limit 1) k on true
  group by m.top
)
select
  c.oid::text as indexrelid,
  n.nspname::text as nspname,
  t.relname::text as tablename,
  c.relname::text as relname,
  m.amname::text as amname,
  i.indisunique as is_unique,
  i.indisprimary as is_primary,
  i.indisvalid as is_valid,
  c.relkind = 'I' as partitioned,
  u.parts,
  z.size_bytes,
  z.size_exact,
  nullif(t.reltuples, -1)::float8 as table_rows,
  u.idx_scan,
  u.idx_tup_read,
  u.idx_tup_fetch,
  null::float8 as last_scan_s
from sized z
join used u on u.top = z.top
join pg_catalog.pg_index i on i.indexrelid = z.top
join pg_catalog.pg_class c on c.oid = z.top
join pg_catalog.pg_class t on t.oid = i.indrelid
join pg_catalog.pg_am m on m.oid = c.relam
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
order by z.size_bytes desc, c.oid
