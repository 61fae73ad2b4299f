-- missing-fk-indexes: foreign keys without an index on the referencing side, so that each delete in the referenced table reads the whole other one
-- source: pg_constraint, pg_index, pg_stat_get_tuples_deleted() and _updated() of the referenced table
-- needs: server >= 13
-- privilege: none
-- cost: moderate; 30 ms at 20,000 tables; sizes of the 200 largest, an estimate where somebody holds or awaits an ACCESS EXCLUSIVE lock
with recursive locked as materialized (
  select l.relation as oid
  from pg_catalog.pg_locks l
  where l.mode = 'AccessExclusiveLock' and l.relation is not null
    and l.database = (select d.oid from pg_catalog.pg_database d where d.datname = pg_catalog.current_database())
),
missing as materialized (
  select f.oid, f.conname, f.conrelid, f.confrelid, f.conkey, f.confdeltype, c.relname, c.relnamespace, c.relkind, c.reltuples, c.relpages
  from pg_catalog.pg_constraint f
  join pg_catalog.pg_class c on c.oid = f.conrelid
  where f.contype = 'f' and f.conparentid = 0 and not exists (
    select from pg_catalog.pg_index i
    where i.indrelid = f.conrelid and i.indisvalid
      -- The order of the columns does not matter, that they come first does.
      and (i.indkey::int2[])[0:pg_catalog.cardinality(f.conkey) - 1] operator(pg_catalog.@>) f.conkey
      and pg_catalog.cardinality(f.conkey) <= i.indnkeyatts
      and case
        when i.indpred is null then true
        when exists (select from locked l where l.oid = i.indrelid) then true
        else pg_catalog.pg_get_expr(i.indpred, i.indrelid) ~ '^\(+"?[[:alnum:]_]+"? IS NOT NULL\)+$'
      end
  )
),
part as (
  select m.oid as conoid, m.conrelid as oid, m.relkind, m.relpages, m.reltuples from missing m
  union all
  select p.conoid, c.oid, c.relkind, c.relpages, c.reltuples
  from part p
  join pg_catalog.pg_inherits i on i.inhparent = p.oid
  join pg_catalog.pg_class c on c.oid = i.inhrelid
  where p.relkind = 'p'
),
ranked as (
  select p.*, pg_catalog.row_number() over (order by p.relpages desc, p.oid) as place
  from part p
  where p.relkind <> 'p'
),
sized as (
  select
    p.conoid,
    pg_catalog.sum(case when p.place <= 300 and k.oid is null then coalesce(pg_catalog.pg_relation_size(p.oid), 0)::float8 else p.relpages * pg_catalog.current_setting('block_size')::float8 end) as size_bytes,
    pg_catalog.bool_and(p.place <= 300 and k.oid is null) as size_exact,
    pg_catalog.sum(nullif(p.reltuples, -1))::float8 as table_rows
  from ranked p
  left join lateral (select k.oid from locked k where k.oid = p.oid limit 1) k on true
  group by p.conoid
),
named as (
  select
    m.*,
    z.size_bytes,
    z.size_exact,
    z.table_rows,
    n.nspname,
    a.columns,
    a.quoted,
    m.relname || '_' || a.joined || '_idx' as long_name
  from missing m
  left join sized z on z.conoid = m.oid
  join pg_catalog.pg_namespace n on n.oid = m.relnamespace
  cross join lateral (
    select
      pg_catalog.string_agg(a.attname, ', ' order by k.place) as columns,
      pg_catalog.string_agg(pg_catalog.quote_ident(a.attname), ', ' order by k.place) as quoted,
      pg_catalog.string_agg(a.attname, '_' order by k.place) as joined
    from pg_catalog.unnest(m.conkey) with ordinality k (attnum, place)
    join pg_catalog.pg_attribute a on a.attrelid = m.conrelid and a.attnum = k.attnum
  ) a
  order by z.size_bytes desc nulls last, m.oid
  limit 200
),
short as (
  select
    m.*,
    case when pg_catalog.octet_length(m.long_name) <= 63 then m.long_name
      else pg_catalog.left(m.relname, 10) || '_' || pg_catalog.left(pg_catalog.md5(m.long_name), 8) || '_idx' end as index_name
  from named m
)
select
  m.oid::text as conoid,
  m.conname::text as conname,
  m.nspname::text as nspname,
  m.relname::text as relname,
  m.columns,
  m.relkind = 'p' as partitioned,
  pn.nspname::text as parent_nspname,
  p.relname::text as parent,
  m.confdeltype in ('c', 'n', 'd') as acts_on_delete,
  m.size_bytes,
  m.size_exact,
  m.table_rows,
  case when p.relkind = 'p' then null else pg_catalog.pg_stat_get_tuples_deleted(p.oid) end::float8 as parent_deletes,
  case when p.relkind = 'p' then null else pg_catalog.pg_stat_get_tuples_updated(p.oid) end::float8 as parent_updates,
  case when m.relkind = 'p' then null else pg_catalog.pg_stat_get_numscans(m.conrelid) end::float8 as seq_scan,
  pg_catalog.format(case when m.relkind = 'p' then 'create index %I on %I.%I (%s)' else 'create index concurrently %I on %I.%I (%s)' end,
    m.index_name, m.nspname, m.relname, m.quoted) as mend,
  pg_catalog.format(case when m.relkind = 'p' then 'drop index %I.%I' else 'drop index concurrently %I.%I' end, m.nspname, m.index_name) as undo
from short m
join pg_catalog.pg_class p on p.oid = m.confrelid
join pg_catalog.pg_namespace pn on pn.oid = p.relnamespace
order by m.size_bytes desc nulls last, m.oid
