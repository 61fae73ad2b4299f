-- relation-io: blocks hit and read of the busiest tables and indexes, partitions summed up under their top table
-- source: pg_stat_get_blocks_fetched() and _hit() of pg_class, as pg_statio_user_tables and _indexes do
-- needs: server >= 13
-- privilege: none
-- cost: moderate; 150 ms at 60,000 relations, of which the first by reads and by hits come back
with recursive partition as (
  select i.inhrelid as oid, i.inhparent as top
  from pg_catalog.pg_inherits i
  join pg_catalog.pg_class p on p.oid = i.inhparent
  where p.relkind in ('p', 'I') and not p.relispartition
  union all
  select i.inhrelid, p.top
  from partition p
  join pg_catalog.pg_inherits i on i.inhparent = p.oid
),
relation as (
  select
    coalesce(p.top, o.oid, c.oid) as oid,
    case when c.relkind = 'i' then 'index' else 'table' end as kind,
    pg_catalog.pg_stat_get_blocks_fetched(c.oid) as fetched,
    pg_catalog.pg_stat_get_blocks_hit(c.oid) as hit
  from pg_catalog.pg_class c
  -- What a table keeps out of line is read with it.
  left join pg_catalog.pg_class o on c.relkind = 't' and o.reltoastrelid = c.oid
  left join partition p on p.oid = coalesce(o.oid, c.oid)
  where c.relkind in ('r', 'm', 'i') or (c.relkind = 't' and c.relpages > 0)
),
summed as materialized (
  select
    r.oid, r.kind, pg_catalog.count(*)::int4 as parts, pg_catalog.sum(r.fetched - r.hit)::float8 as blks_read, pg_catalog.sum(r.hit)::float8 as blks_hit
  from relation r
  where r.fetched > 0
  group by r.oid, r.kind
),
listed as (
  (select s.oid from summed s where s.kind = 'table' order by s.blks_read desc, s.oid limit 200)
  union
  (select s.oid from summed s where s.kind = 'table' order by s.blks_hit desc, s.oid limit 100)
  union
  (select s.oid from summed s where s.kind = 'index' order by s.blks_read desc, s.oid limit 200)
  union
  (select s.oid from summed s where s.kind = 'index' order by s.blks_hit desc, s.oid limit 100)
)
select
  s.oid::text as relid,
  s.kind,
  n.nspname::text as nspname,
  c.relname::text as relname,
  t.relname::text as tablename,
  c.relkind in ('p', 'I') as partitioned,
  s.parts,
  s.blks_hit,
  s.blks_read
from listed l
join summed s on s.oid = l.oid
join pg_catalog.pg_class c on c.oid = l.oid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
left join pg_catalog.pg_index i on i.indexrelid = c.oid
left join pg_catalog.pg_class t on t.oid = i.indrelid
order by s.blks_read desc, s.oid
