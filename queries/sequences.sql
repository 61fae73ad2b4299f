-- sequences: how much of its range a sequence has used, where the range is small: its own or that of the column that it fills
-- source: pg_sequence, pg_depend, pg_sequence_last_value()
-- needs: server >= 13
-- privilege: usage on each sequence (pg_read_all_data since 14), else its value is unknown
-- cost: moderate; 20 us for each sequence of a small range; those that somebody holds in ACCESS EXCLUSIVE mode are not asked
with locked as materialized (
  select l.relation as oid
  from pg_catalog.pg_locks l
  where l.mode = 'AccessExclusiveLock' and l.relation is not null
    and l.database = (select d.oid from pg_catalog.pg_database d where d.datname = pg_catalog.current_database())
),
filled (seqrelid, attrelid, attnum) as (
  select d.objid, d.refobjid, d.refobjsubid
  from pg_catalog.pg_depend d
  where d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
    and d.deptype in ('a', 'i') and d.refobjsubid > 0
  union
  -- A default may use a sequence that no column owns.
  select d.refobjid, f.adrelid, f.adnum
  from pg_catalog.pg_depend d
  join pg_catalog.pg_attrdef f on f.oid = d.objid
  where d.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass and d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
),
ranged as materialized (
  select
    s.seqrelid,
    c.relname,
    n.nspname,
    s.seqincrement,
    s.seqmin,
    s.seqcycle,
    a.tablename,
    a.attname,
    coalesce(a.typname, pg_catalog.format_type(s.seqtypid, null)) as typname,
    least(s.seqmax, a.most) as most,
    a.most is not null and a.most < s.seqmax as by_column
  from pg_catalog.pg_sequence s
  join pg_catalog.pg_class c on c.oid = s.seqrelid
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  left join lateral (
    select
      t.relname as tablename,
      a.attname,
      pg_catalog.format_type(a.atttypid, null) as typname,
      case a.atttypid when 'pg_catalog.int2'::pg_catalog.regtype then 32767::int8 when 'pg_catalog.int4'::pg_catalog.regtype then 2147483647::int8 end as most
    from filled f
    join pg_catalog.pg_attribute a on a.attrelid = f.attrelid and a.attnum = f.attnum
    join pg_catalog.pg_class t on t.oid = f.attrelid
    where f.seqrelid = s.seqrelid
    order by most nulls last, t.oid, a.attnum
    limit 1
  ) a on true
  where c.relpersistence = 'p' and s.seqincrement > 0 and least(s.seqmax, a.most) < 1099511627776
),
valued as (
  select
    r.*,
    case
      when exists (select from locked l where l.oid = r.seqrelid) then null
      when pg_catalog.has_sequence_privilege(r.seqrelid, 'usage,select') then pg_catalog.pg_sequence_last_value(r.seqrelid)
    end as last_value,
    not pg_catalog.has_sequence_privilege(r.seqrelid, 'usage,select') as denied
  from ranged r
)
select
  v.seqrelid::text as seqrelid,
  v.nspname::text as nspname,
  v.relname::text as relname,
  v.tablename::text as tablename,
  v.attname::text as attname,
  v.typname,
  v.by_column,
  v.seqcycle as cycles,
  v.denied,
  v.seqincrement::float8 as increment,
  v.seqmin::float8 as least_value,
  v.most::float8 as most_value,
  v.last_value::float8 as last_value
from valued v
order by (v.last_value - v.seqmin)::float8 / nullif(v.most - v.seqmin, 0) desc nulls last, v.seqrelid
limit 500
