-- unused-indexes: indexes that this server has not scanned since its statistics began, and one row about the server itself
-- source: pg_index, pg_stat_get_numscans(), pg_stat_database and pg_stat_bgwriter for the age of the statistics, pg_stat_replication
-- needs: server >= 13
-- privilege: none
-- cost: moderate; 100 ms at 20,000 indexes; sizes and definitions of the 300 largest, none where somebody holds or awaits an ACCESS EXCLUSIVE lock
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
  select coalesce(p.top, c.oid) as top, c.oid, i.indrelid, c.relpages, pg_catalog.pg_stat_get_numscans(c.oid) as idx_scan
  from pg_catalog.pg_index i
  join pg_catalog.pg_class c on c.oid = i.indexrelid
  join pg_catalog.pg_class t on t.oid = i.indrelid
  join pg_catalog.pg_namespace n on n.oid = t.relnamespace
  left join partition p on p.oid = c.oid
  where c.relkind = 'i' and t.relkind in ('r', 'm') and i.indisvalid and not i.indisunique and not i.indisexclusion and not i.indisreplident
    and n.nspname not in ('pg_catalog', 'information_schema') and n.nspname not like 'pg\_temp\_%'
),
listed as materialized (
  select x.top, pg_catalog.count(*)::int4 as parts
  from leaf x
  where not exists (select from pg_catalog.pg_constraint k where k.conindid = x.top)
  group by x.top
  having pg_catalog.sum(x.idx_scan) = 0
  order by pg_catalog.sum(x.relpages) desc, x.top
  limit 300
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
),
since as (
  select coalesce(s.stats_reset, b.stats_reset) as stats_since
  from pg_catalog.pg_stat_database s
  cross join pg_catalog.pg_stat_bgwriter b
  where s.datname = pg_catalog.current_database()
),
told as (
  select
    z.*,
    l.parts,
    i.indrelid,
    i.indnkeyatts,
    i.indkey,
    case when k.oid is null then pg_catalog.pg_get_indexdef(z.top) end as definition,
    case
      when i.indexprs is not null then 'the planner uses its statistics of an expression'
      when exists (
        select from pg_catalog.pg_constraint f
        where f.conrelid = i.indrelid and f.contype = 'f'
          and (i.indkey::int2[])[0:pg_catalog.cardinality(f.conkey) - 1] operator(pg_catalog.@>) f.conkey
          and not exists (
            select from pg_catalog.pg_index o
            where o.indrelid = i.indrelid and o.indexrelid <> i.indexrelid and o.indisvalid and o.indpred is null
              and (o.indkey::int2[])[0:pg_catalog.cardinality(f.conkey) - 1] operator(pg_catalog.@>) f.conkey
          )
      ) then 'the only index of a foreign key'
    end as keep
  from sized z
  join listed l on l.top = z.top
  join pg_catalog.pg_index i on i.indexrelid = z.top
  left join lateral (select k.oid from locked k where k.oid in (z.top, i.indrelid) limit 1) k on true
)
select
  'index' as kind,
  c.oid::text as indexrelid,
  n.nspname::text as nspname,
  t.relname::text as tablename,
  c.relname::text as relname,
  c.relkind = 'I' as partitioned,
  u.parts,
  u.size_bytes,
  u.size_exact,
  nullif(t.reltuples, -1)::float8 as table_rows,
  (pg_catalog.pg_stat_get_tuples_inserted(t.oid) + pg_catalog.pg_stat_get_tuples_updated(t.oid) - pg_catalog.pg_stat_get_tuples_hot_updated(t.oid))::float8 as table_writes,
  u.keep,
  pg_catalog.format(case when c.relkind = 'I' then 'drop index %I.%I' else 'drop index concurrently %I.%I' end, n.nspname, c.relname) as mend,
  case
    when c.relkind = 'I' then pg_catalog.replace(u.definition, ' ON ONLY ', ' ON ')
    else pg_catalog.regexp_replace(u.definition, '^CREATE INDEX', 'CREATE INDEX CONCURRENTLY')
  end as undo,
  null::bool as recovery,
  null::int4 as standbys,
  pg_catalog.date_part('epoch', s.stats_since)::float8 as stats_since,
  pg_catalog.date_part('epoch', pg_catalog.statement_timestamp() - s.stats_since)::float8 as stats_s
from told u
cross join since s
join pg_catalog.pg_class c on c.oid = u.top
join pg_catalog.pg_class t on t.oid = u.indrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
union all
select
  'server', null, null, null, null, null, null, null, null, null, null, null, null, null,
  pg_catalog.pg_is_in_recovery(),
  (
    select pg_catalog.count(*)::int4
    from pg_catalog.pg_stat_replication r
    left join pg_catalog.pg_replication_slots p on p.active_pid = r.pid
    where p.slot_type is distinct from 'logical' and r.application_name not in ('pg_basebackup', 'pg_receivewal', 'pg_rewind') and r.state is distinct from 'backup'
  ),
  pg_catalog.date_part('epoch', s.stats_since)::float8,
  pg_catalog.date_part('epoch', pg_catalog.statement_timestamp() - s.stats_since)::float8
from since s
order by kind, size_bytes desc, indexrelid
