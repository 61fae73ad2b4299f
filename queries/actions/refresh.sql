-- actions/refresh: per materialized view the statements that refresh it, concurrently where that is possible, and whom they stop
-- source: pg_class, pg_index, pg_locks, pg_stat_activity
-- needs: server >= 13
-- privilege: ownership of the view, or maintain on it (new in 17)
-- cost: cheap; asked when a question is made
-- param: $1 text[] oids = {0}
-- param: $2 text[] names = {shop.daily}
with wanted as (
  select u.place, u.oid::oid as oid, u.name
  from rows from (pg_catalog.unnest($1::text[]), pg_catalog.unnest($2::text[])) with ordinality as u(oid, name, place)
),
target as (
  select
    w.place,
    w.oid,
    coalesce(pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname), w.name) as relation,
    c.relispopulated as populated,
    c.relpages::float8 * pg_catalog.current_setting('block_size')::float8 as bytes,
    exists (
      select from pg_catalog.pg_index i
      where i.indrelid = c.oid and i.indisunique and i.indisvalid and i.indimmediate and i.indpred is null and i.indexprs is null
    ) as identified,
    case
      when c.oid is null then 'it was dropped'
      when c.relkind <> 'm' then 'it is no materialized view any more'
      when pg_catalog.pg_is_in_recovery() then 'this is a standby: refresh it on the primary'
      when not (pg_catalog.pg_has_role(c.relowner, 'usage') or case
        when pg_catalog.current_setting('server_version_num')::int4 >= 170000 then pg_catalog.has_table_privilege(c.oid, 'maintain') else false end) then
        pg_catalog.format('it belongs to %I: %s', pg_catalog.pg_get_userbyid(c.relowner), case
          when pg_catalog.current_setting('server_version_num')::int4 >= 170000
            then pg_catalog.format('grant maintain on %I.%I to %I', n.nspname, c.relname, current_user)
          else 'only its owner may refresh it before PostgreSQL 17' end)
      when refresher.pid is not null then refresher.pid::text || ' refreshes it now'
    end as why,
    readers.pids as readers,
    readers.oldest as oldest
  from wanted w
  left join pg_catalog.pg_class c on c.oid = w.oid
  left join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  left join lateral (
    select l.pid
    from pg_catalog.pg_locks l
    where l.locktype = 'relation' and l.relation = c.oid and l.mode in ('ExclusiveLock', 'AccessExclusiveLock')
      and l.database = (select d.oid from pg_catalog.pg_database d where d.datname = pg_catalog.current_database())
    order by l.granted desc, l.pid
    limit 1
  ) refresher on true
  left join lateral (
    select
      pg_catalog.count(*)::int4 as pids,
      (pg_catalog.array_agg(a.pid::text || coalesce(' (' || a.usename || ', ' || a.state || ')', '') order by a.xact_start, a.pid))[1] as oldest
    from pg_catalog.pg_locks l
    join pg_catalog.pg_stat_activity a on a.pid = l.pid
    where l.locktype = 'relation' and l.relation = c.oid and l.granted and l.pid <> pg_catalog.pg_backend_pid()
      and l.database = (select d.oid from pg_catalog.pg_database d where d.datname = pg_catalog.current_database())
  ) readers on true
)
select
  t.relation as target,
  s.statement,
  null::text as step_group,
  t.why is null as ready,
  t.why,
  case when t.why is null then
    case when t.populated and t.identified then
      t.relation || ': concurrently: readers go on, only another refresh would wait'
    else
      t.relation || ': nobody can read it until it is done: '
        || case when not t.populated then 'it was never filled, and is not refreshed concurrently then'
          else 'it has no unique index on columns alone, which a concurrent refresh needs' end
        || case when t.readers > 0 then pg_catalog.chr(10) || pg_catalog.format('%s: %s read it now, the oldest is %s', t.relation, t.readers, t.oldest) else '' end
    end
    || pg_catalog.chr(10) || t.relation || ': about ' || pg_catalog.pg_size_pretty(t.bytes::numeric)
  end as note,
  t.oid::text as relids
from target t
cross join lateral (
  values
    (1, case when t.why is null then case when t.populated and t.identified then 'set lock_timeout = 0' else 'set lock_timeout = ''300ms''' end end),
    (2, case when t.why is null then
      case when t.populated and t.identified then 'refresh materialized view concurrently ' else 'refresh materialized view ' end || t.relation end)
) s(place, statement)
where t.why is null or s.place = 1
order by t.place, s.place
