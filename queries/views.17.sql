-- views: materialized views: size, whether they can be refreshed without stopping readers, and when they were
-- source: pg_class, pg_index, pg_locks, pg_xact_commit_timestamp() of the row in pg_class, which every refresh rewrites
-- needs: server >= 17
-- privilege: none; the last refresh needs track_commit_timestamp = on; to refresh, maintain on the view or pg_maintain
-- cost: moderate; asks for the size of each that is not locked
with locked as materialized (
  select
    l.relation,
    pg_catalog.bool_or(l.mode = 'AccessExclusiveLock') as exclusive,
    -- A refresh holds one of these; with CONCURRENTLY the weaker.
    (pg_catalog.array_agg(l.pid order by l.pid) filter (where l.granted and l.mode in ('AccessExclusiveLock', 'ExclusiveLock')))[1] as holder
  from pg_catalog.pg_locks l
  where l.locktype = 'relation' and l.mode in ('AccessExclusiveLock', 'ExclusiveLock')
    and l.database = (select d.oid from pg_catalog.pg_database d where d.datname = pg_catalog.current_database())
  group by l.relation
)
select
  pg_catalog.date_part('epoch', pg_catalog.clock_timestamp())::float8 as server_time,
  c.oid::text as oid,
  n.nspname::text as schema,
  c.relname::text as name,
  c.oid::regclass::text as relation,
  pg_catalog.pg_get_userbyid(c.relowner)::text as owner,
  pg_catalog.has_table_privilege(c.oid, 'maintain') as may_refresh,
  c.relispopulated as populated,
  case when not coalesce(k.exclusive, false) and not coalesce(indexes.locked, false) then pg_catalog.pg_total_relation_size(c.oid) end::float8 as bytes,
  (c.relpages::float8 * pg_catalog.current_setting('block_size')::float8) as bytes_at_least,
  case when c.reltuples >= 0 then c.reltuples end::float8 as rows,
  indexes.usable as unique_index,
  indexes.partial as partial_index,
  indexes.expression as expression_index,
  indexes.invalid as invalid_index,
  indexes.n as indexes,
  c.xmin::text as row_version,
  case when pg_catalog.current_setting('track_commit_timestamp') = 'on' and c.xmin::text::int8 > 2
    then pg_catalog.date_part('epoch', pg_catalog.pg_xact_commit_timestamp(c.xmin)) end::float8 as committed_at,
  pg_catalog.current_setting('track_commit_timestamp') = 'on' as commits_tracked,
  k.holder::int4 as refreshing_pid,
  (select pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() - a.query_start)
    from pg_catalog.pg_stat_activity a where a.pid = k.holder)::float8 as refreshing_s,
  (select a.application_name from pg_catalog.pg_stat_activity a where a.pid = k.holder) as refreshing_by
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
left join locked k on k.relation = c.oid
left join lateral (
  select
    pg_catalog.count(*)::int4 as n,
    -- What refresh ... concurrently accepts: unique, valid, immediate, over plain columns, without a predicate.
    pg_catalog.min(i.indexrelid::regclass::text)
      filter (where i.indisunique and i.indisvalid and i.indimmediate and i.indpred is null and i.indexprs is null) as usable,
    pg_catalog.min(i.indexrelid::regclass::text) filter (where i.indisunique and i.indpred is not null) as partial,
    pg_catalog.min(i.indexrelid::regclass::text) filter (where i.indisunique and i.indexprs is not null) as expression,
    pg_catalog.min(i.indexrelid::regclass::text) filter (where i.indisunique and not i.indisvalid) as invalid,
    pg_catalog.bool_or(x.exclusive) as locked
  from pg_catalog.pg_index i
  left join locked x on x.relation = i.indexrelid
  where i.indrelid = c.oid
) indexes on true
where c.relkind = 'm'
order by n.nspname, c.relname
