-- partitions: partitioned tables, each with its direct partitions and their bounds as JSON
-- source: pg_partitioned_table, pg_inherits (inhdetachpending is new in 14), pg_class.relpartbound, pg_locks, sequences of the key column
-- needs: server >= 13
-- privilege: none; the last value of a sequence needs usage or select on it
-- cost: moderate; grows with the number of partitions
with locked as materialized (
  -- pg_get_partkeydef() waits behind this lock, held or asked for: the key stays unknown then.
  select distinct l.relation
  from pg_catalog.pg_locks l
  where l.locktype = 'relation' and l.mode = 'AccessExclusiveLock'
    and l.database = (select d.oid from pg_catalog.pg_database d where d.datname = pg_catalog.current_database())
),
children as materialized (
  select
    i.inhparent as parent,
    pg_catalog.count(*)::int4 as partitions,
    pg_catalog.count(*) filter (where (pg_catalog.to_jsonb(i) ->> 'inhdetachpending')::bool)::int4 as detaching,
    pg_catalog.sum(case when c.reltuples > 0 then c.reltuples else 0 end)::float8 as rows,
    pg_catalog.sum(c.relpages::float8 * pg_catalog.current_setting('block_size')::float8) as bytes,
    -- [name, bound, detaching, oid]. A bound names no columns: without its relation, which it would open and wait for, it is printed as well.
    pg_catalog.json_agg(
      pg_catalog.json_build_array(
        c.relname,
        pg_catalog.pg_get_expr(c.relpartbound, 0),
        coalesce((pg_catalog.to_jsonb(i) ->> 'inhdetachpending')::bool, false),
        c.oid::text)
      order by c.relname, c.oid
    )::text as bounds
  from pg_catalog.pg_inherits i
  join pg_catalog.pg_class c on c.oid = i.inhrelid and c.relispartition
  group by i.inhparent
)
select
  pg_catalog.date_part('epoch', pg_catalog.clock_timestamp())::float8 as server_time,
  p.partrelid::text as oid,
  n.nspname::text as schema,
  c.relname::text as name,
  p.partrelid::regclass::text as relation,
  case when c.relispartition then (select i.inhparent::regclass::text from pg_catalog.pg_inherits i where i.inhrelid = c.oid) end as parent,
  -- Its own range, where it goes on with the column of its parent: what lies beyond never comes here.
  case when c.relispartition then (
    select pg_catalog.pg_get_expr(c.relpartbound, 0)
    from pg_catalog.pg_inherits i
    join pg_catalog.pg_partitioned_table up on up.partrelid = i.inhparent and up.partstrat = 'r'
    join pg_catalog.pg_attribute a on a.attrelid = up.partrelid and a.attnum = up.partattrs[0]
    join pg_catalog.pg_attribute b on b.attrelid = p.partrelid and b.attnum = p.partattrs[0]
    where i.inhrelid = c.oid and b.attname = a.attname
  ) end as own_bound,
  p.partstrat::text as strategy,
  case when own.relation is null then pg_catalog.pg_get_partkeydef(p.partrelid) end as key,
  -- Names of the types of the key's columns; null where the key is an expression.
  case when not (0 = any (p.partattrs::int2[])) then (
    select pg_catalog.string_agg(pg_catalog.format_type(a.atttypid, null), ',' order by k.place)
    from pg_catalog.unnest(p.partattrs::int2[]) with ordinality as k(attnum, place)
    join pg_catalog.pg_attribute a on a.attrelid = p.partrelid and a.attnum = k.attnum
  ) end as key_types,
  coalesce(children.partitions, 0) as partitions,
  coalesce(children.detaching, 0) as detaching,
  own.relation is not null as locked,
  coalesce(children.rows, 0)::float8 as rows,
  coalesce(children.bytes, 0)::float8 as bytes,
  coalesce(children.bounds, '[]') as bounds,
  fallback.relname::text as default_name,
  -- Never analyzed is -1 (14 and newer) or 0; what was inserted since the statistics began is a lower bound.
  case when fallback.relkind = 'r'
    then greatest(case when fallback.reltuples > 0 then fallback.reltuples end, pg_catalog.pg_stat_get_live_tuples(fallback.oid))
  end::float8 as default_rows,
  (
    select pg_catalog.max(case when pg_catalog.has_sequence_privilege(s.oid, 'usage, select') then pg_catalog.pg_sequence_last_value(s.oid) end)
    from pg_catalog.pg_depend d join pg_catalog.pg_class s on s.oid = d.objid and s.relkind = 'S'
    where d.classid = 'pg_catalog.pg_class'::regclass and d.refclassid = 'pg_catalog.pg_class'::regclass
      and d.refobjid = p.partrelid and d.refobjsubid = p.partattrs[0] and d.deptype in ('a', 'i')
  )::float8 as key_last,
  pg_catalog.pg_get_userbyid(c.relowner)::text as owner,
  pg_catalog.pg_has_role(c.relowner, 'usage') as owned,
  pg_catalog.current_setting('TimeZone') as bounds_zone
from pg_catalog.pg_partitioned_table p
join pg_catalog.pg_class c on c.oid = p.partrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
left join locked own on own.relation = p.partrelid
left join children on children.parent = p.partrelid
left join pg_catalog.pg_class fallback on fallback.oid = p.partdefid and p.partdefid <> 0
where n.nspname not like 'pg\_temp\_%'
order by n.nspname, c.relname
