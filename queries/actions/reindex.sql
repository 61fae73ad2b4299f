-- actions/reindex: per index the statements that build it anew without stopping readers and writers
-- source: pg_index, pg_constraint, pg_stat_progress_create_index, pg_stat_activity
-- needs: server >= 13
-- privilege: ownership of the index, or maintain on its table (new in 17)
-- cost: cheap; asked when a question is made
-- param: $1 text[] oids = {0}
-- param: $2 text[] names = {shop.orders_total}
with wanted as (
  select u.place, u.oid::oid as oid, u.name
  from rows from (pg_catalog.unnest($1::text[]), pg_catalog.unnest($2::text[])) with ordinality as u(oid, name, place)
),
target as (
  select
    w.place,
    i.indrelid,
    coalesce(pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname), w.name) as relation,
    c.relpages::float8 * pg_catalog.current_setting('block_size')::float8 as bytes,
    i.indisvalid,
    case
      when c.oid is null then 'it was dropped'
      when i.indexrelid is null then 'it is no index any more'
      when pg_catalog.pg_is_in_recovery() then 'this is a standby: build it on the primary'
      when n.nspname in ('pg_catalog', 'pg_toast') then 'indexes of the catalog can not be built concurrently'
      when c.relkind = 'I' then 'it is partitioned: build the indexes of its partitions'
      when not i.indisvalid and c.relname ~ '_cc(new|old)[0-9]*$' then 'it is the copy that a rebuild left behind: drop it'
      when i.indisexclusion then 'it belongs to an exclusion constraint, which can not be built concurrently'
      when not (pg_catalog.pg_has_role(c.relowner, 'usage') or case
        when pg_catalog.current_setting('server_version_num')::int4 >= 170000 then pg_catalog.has_table_privilege(i.indrelid, 'maintain') else false end) then
        pg_catalog.format('it belongs to %I: %s', pg_catalog.pg_get_userbyid(c.relowner), case
          when pg_catalog.current_setting('server_version_num')::int4 >= 170000 then pg_catalog.format('grant maintain on %s to %I', i.indrelid::regclass::text, current_user)
          else 'only its owner may build it before PostgreSQL 17' end)
      when builder.pid is not null then builder.pid::text || ' builds it now: ' || builder.phase
    end as why,
    oldest.line as oldest
  from wanted w
  left join pg_catalog.pg_class c on c.oid = w.oid
  left join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  left join pg_catalog.pg_index i on i.indexrelid = c.oid
  left join lateral (
    select p.pid, p.phase from pg_catalog.pg_stat_progress_create_index p where p.index_relid = c.oid or p.relid = i.indrelid order by p.pid limit 1
  ) builder on true
  left join lateral (
    select a.pid::text || coalesce(' (' || a.usename || ', ' || a.state || ')', '') || ', '
      || pg_catalog.date_trunc('second', pg_catalog.statement_timestamp() - a.xact_start)::text || ' old' as line
    from pg_catalog.pg_stat_activity a
    where a.xact_start is not null and a.datname = pg_catalog.current_database() and a.pid <> pg_catalog.pg_backend_pid() and a.backend_type = 'client backend'
    order by a.xact_start, a.pid
    limit 1
  ) oldest on true
)
select
  t.relation as target,
  s.statement,
  null::text as step_group,
  t.why is null as ready,
  t.why,
  case when t.why is null then
    pg_catalog.concat_ws(pg_catalog.chr(10),
      pg_catalog.format('%s: about %s%s, built anew beside the old one; readers and writers go on', t.relation, pg_catalog.pg_size_pretty(t.bytes::numeric),
        case when t.indisvalid then '' else ', invalid now' end),
      case when t.oldest is not null then 'waits for every older transaction of this database; the oldest now is ' || t.oldest end,
      'cancelled, it leaves an invalid copy (_ccnew) behind, which is named then')
  end as note,
  t.indrelid::text as relids,
  false as queue
from target t
cross join lateral (
  values
    (1, case when t.why is null then 'set lock_timeout = 0' end),
    (2, case when t.why is null then 'reindex index concurrently ' || t.relation end)
) s(place, statement)
where t.why is null or s.place = 1
order by t.place, s.place
