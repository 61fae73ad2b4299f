-- duplicate-indexes: indexes that another index of the same table makes superfluous
-- source: pg_index; expressions and predicates compared as pg_get_expr() prints them
-- needs: server >= 13
-- privilege: none
-- cost: moderate; 60 ms at 20,000 indexes; locked tables are left out where an expression or predicate would have to be read
with locked as materialized (
  select l.relation as oid
  from pg_catalog.pg_locks l
  where l.mode = 'AccessExclusiveLock' and l.relation is not null
    and l.database = (select d.oid from pg_catalog.pg_database d where d.datname = pg_catalog.current_database())
),
candidate as materialized (
  select
    i.indexrelid,
    i.indrelid,
    c.relam,
    m.amname,
    c.relkind,
    c.relpages,
    i.indnkeyatts,
    i.indnatts,
    i.indkey::int2[] as indkey,
    i.indclass::oid[] as indclass,
    i.indcollation::oid[] as indcollation,
    i.indoption::int2[] as indoption,
    i.indisunique,
    i.indimmediate,
    i.indisreplident,
    i.indexprs,
    i.indpred,
    -- What must stay comes first: of two equal indexes the other one goes.
    case when i.indisprimary then 5 when k.conindid is not null then 4 when i.indisreplident then 3 when i.indisunique then 2 when i.indisclustered then 1 else 0 end as worth
  from pg_catalog.pg_index i
  join pg_catalog.pg_class c on c.oid = i.indexrelid
  join pg_catalog.pg_am m on m.oid = c.relam
  join pg_catalog.pg_class t on t.oid = i.indrelid
  join pg_catalog.pg_namespace n on n.oid = t.relnamespace
  left join (select distinct k.conindid from pg_catalog.pg_constraint k where k.conindid <> 0 and k.contype in ('p', 'u', 'x', 'f')) k on k.conindid = i.indexrelid
  where i.indisvalid and i.indislive and not c.relispartition and c.relkind in ('i', 'I') and t.relkind in ('r', 'm', 'p')
    and n.nspname not in ('pg_catalog', 'information_schema') and n.nspname not like 'pg\_temp\_%'
),
pair as materialized (
  select
    a.indexrelid,
    a.indrelid,
    b.indexrelid as keeper,
    a.indnkeyatts = b.indnkeyatts and a.indnatts = b.indnatts as same,
    pg_catalog.row_number() over (partition by a.indexrelid order by b.worth desc, b.indnkeyatts, b.indexrelid) as place
  from candidate a
  join candidate b on b.indrelid = a.indrelid and b.indexrelid <> a.indexrelid and b.relam = a.relam
  where a.worth < 3 and a.indnkeyatts <= b.indnkeyatts
    -- Only a b-tree can be searched by its first columns.
    and (a.indnkeyatts = b.indnkeyatts or a.amname = 'btree')
    and a.indkey[0:a.indnkeyatts - 1] = b.indkey[0:a.indnkeyatts - 1]
    and a.indclass[0:a.indnkeyatts - 1] = b.indclass[0:a.indnkeyatts - 1]
    and a.indcollation[0:a.indnkeyatts - 1] = b.indcollation[0:a.indnkeyatts - 1]
    and a.indoption[0:a.indnkeyatts - 1] = b.indoption[0:a.indnkeyatts - 1]
    and b.indkey operator(pg_catalog.@>) a.indkey
    and (not a.indisunique or (b.indisunique and a.indnkeyatts = b.indnkeyatts and (b.indimmediate or not a.indimmediate) and (
      -- A column that is new in 15: as JSON it is null before.
      select pg_catalog.count(distinct coalesce(pg_catalog.to_jsonb(x) ->> 'indnullsnotdistinct', 'false'))
      from pg_catalog.pg_index x
      where x.indexrelid in (a.indexrelid, b.indexrelid)
    ) = 1))
    -- Where each could stand for the other, the more valuable stays, else the older.
    and (
      a.worth < b.worth
      or (a.worth = b.worth and (a.indnatts < b.indnatts or (a.indnatts = b.indnatts and a.indexrelid > b.indexrelid)))
      or (a.worth > b.worth and a.indnatts < b.indnatts)
    )
    and case
      when a.indexprs is null and b.indexprs is null and a.indpred is null and b.indpred is null then true
      when exists (select from locked l where l.oid = a.indrelid) then false
      else pg_catalog.pg_get_expr(a.indexprs, a.indrelid) is not distinct from pg_catalog.pg_get_expr(b.indexprs, b.indrelid)
        and pg_catalog.pg_get_expr(a.indpred, a.indrelid) is not distinct from pg_catalog.pg_get_expr(b.indpred, b.indrelid)
    end
),
listed as (
  select p.*
  from pair p
  join pg_catalog.pg_class c on c.oid = p.indexrelid
  where p.place = 1
  order by c.relpages desc, p.indexrelid
  limit 300
)
select
  c.oid::text as indexrelid,
  n.nspname::text as nspname,
  t.relname::text as tablename,
  c.relname::text as relname,
  o.relname::text as keeper,
  l.same,
  c.relkind = 'I' as partitioned,
  case when c.relkind = 'I' then null when k.oid is null then coalesce(pg_catalog.pg_relation_size(c.oid), 0)::float8 else c.relpages * pg_catalog.current_setting('block_size')::float8 end as size_bytes,
  k.oid is null as size_exact,
  case when c.relkind = 'I' then null else pg_catalog.pg_stat_get_numscans(c.oid) end::float8 as idx_scan,
  case when c.relkind = 'I' then null else pg_catalog.pg_stat_get_numscans(o.oid) end::float8 as keeper_scan,
  case when k.oid is null then pg_catalog.pg_get_indexdef(c.oid) end as definition,
  case when k.oid is null then pg_catalog.pg_get_indexdef(o.oid) end as keeper_definition,
  pg_catalog.format(case when c.relkind = 'I' then 'drop index %I.%I' else 'drop index concurrently %I.%I' end, n.nspname, c.relname) as mend,
  case
    when k.oid is not null then null
    when c.relkind = 'I' then pg_catalog.replace(pg_catalog.pg_get_indexdef(c.oid), ' ON ONLY ', ' ON ')
    else pg_catalog.regexp_replace(pg_catalog.pg_get_indexdef(c.oid), '^CREATE (UNIQUE )?INDEX', 'CREATE \1INDEX CONCURRENTLY')
  end as undo
from listed l
join pg_catalog.pg_class c on c.oid = l.indexrelid
join pg_catalog.pg_class o on o.oid = l.keeper
join pg_catalog.pg_class t on t.oid = l.indrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
left join lateral (select k.oid from locked k where k.oid in (c.oid, o.oid, t.oid) limit 1) k on true
order by size_bytes desc nulls last, c.oid
