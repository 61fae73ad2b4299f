-- actions/create-index: per foreign key the statements that give its referencing columns an index, without stopping readers and writers
-- source: pg_constraint, pg_index, pg_stat_activity
-- needs: server >= 13
-- privilege: ownership of the table
-- cost: cheap; asked when a question is made
-- param: $1 text[] constraints = {0}
-- param: $2 text[] names = {orders_account_id_fkey}
with wanted as (
  select u.place, u.oid::oid as oid, u.name
  from rows from (pg_catalog.unnest($1::text[]), pg_catalog.unnest($2::text[])) with ordinality as u(oid, name, place)
),
target as (
  select
    w.place,
    w.name,
    k.conrelid,
    k.conname,
    n.nspname,
    c.relname,
    a.quoted,
    c.relpages::float8 * pg_catalog.current_setting('block_size')::float8 as bytes,
    (
      select free.name
      from (
        select 0 as i, case when pg_catalog.octet_length(long.name) <= 63 then long.name
          else pg_catalog.left(c.relname, 10) || '_' || pg_catalog.left(pg_catalog.md5(long.name), 8) || '_idx' end as name
        union all
        select i, pg_catalog.left(c.relname, 10) || '_' || pg_catalog.left(pg_catalog.md5(long.name), 8) || '_idx' || i
        from pg_catalog.generate_series(1, 9) i
      ) free
      where not exists (select from pg_catalog.pg_class o where o.relnamespace = c.relnamespace and o.relname = free.name)
      order by free.i
      limit 1
    ) as index_name,
    exists (
      select from pg_catalog.pg_index i
      where i.indrelid = k.conrelid and i.indisvalid and i.indpred is null and pg_catalog.cardinality(k.conkey) <= i.indnkeyatts
        and (i.indkey::int2[])[0:pg_catalog.cardinality(k.conkey) - 1] operator(pg_catalog.@>) k.conkey
    ) as there,
    case
      when k.oid is null then 'the foreign key was dropped'
      when pg_catalog.pg_is_in_recovery() then 'this is a standby: build it on the primary'
      when c.relkind = 'p' then 'its table is partitioned: build it concurrently on each partition, then create index on the parent, which takes them over'
      when not pg_catalog.pg_has_role(c.relowner, 'usage') then pg_catalog.format('the table belongs to %I: only its owner may do this', pg_catalog.pg_get_userbyid(c.relowner))
      when builder.pid is not null then builder.pid::text || ' builds an index on the table now: ' || builder.phase
    end as why,
    oldest.line as oldest
  from wanted w
  left join pg_catalog.pg_constraint k on k.oid = w.oid and k.contype = 'f'
  left join pg_catalog.pg_class c on c.oid = k.conrelid
  left join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  left join lateral (
    select
      pg_catalog.string_agg(pg_catalog.quote_ident(a.attname), ', ' order by u.place) as quoted,
      pg_catalog.string_agg(a.attname, '_' order by u.place) as joined
    from pg_catalog.unnest(k.conkey) with ordinality u(attnum, place)
    join pg_catalog.pg_attribute a on a.attrelid = k.conrelid and a.attnum = u.attnum
  ) a on true
  left join lateral (select c.relname || '_' || a.joined || '_idx' as name) long on true
  left join lateral (
    select p.pid, p.phase from pg_catalog.pg_stat_progress_create_index p where p.relid = k.conrelid order by p.pid limit 1
  ) builder on true
  left join lateral (
    select o.pid::text || coalesce(' (' || o.usename || ', ' || o.state || ')', '') || ', '
      || pg_catalog.date_trunc('second', pg_catalog.statement_timestamp() - o.xact_start)::text || ' old' as line
    from pg_catalog.pg_stat_activity o
    where o.xact_start is not null and o.datname = pg_catalog.current_database() and o.pid <> pg_catalog.pg_backend_pid() and o.backend_type = 'client backend'
    order by o.xact_start, o.pid
    limit 1
  ) oldest on true
),
judged as (
  select t.*, case when t.why is not null then t.why when t.there then 'it has such an index already' end as reason
  from target t
)
select
  coalesce(pg_catalog.quote_ident(t.nspname) || '.' || pg_catalog.quote_ident(coalesce(t.index_name, t.conname)), t.name) as target,
  s.statement,
  null::text as step_group,
  t.reason is null as ready,
  t.reason as why,
  coalesce(t.why is null and t.there, false) as nothing,
  case when t.reason is null then
    pg_catalog.concat_ws(pg_catalog.chr(10),
      pg_catalog.format('for the foreign key %I of %I.%I, about %s; readers and writers go on', t.conname, t.nspname, t.relname, pg_catalog.pg_size_pretty(t.bytes::numeric)),
      case when t.oldest is not null then 'waits for every older transaction of this database; the oldest now is ' || t.oldest end,
      'cancelled or failed, it leaves an invalid index behind, which is named then',
      pg_catalog.format('undo: drop index concurrently %I.%I', t.nspname, t.index_name))
  end as note,
  t.conrelid::text as relids,
  false as queue
from judged t
cross join lateral (
  values
    (1, case when t.reason is null then 'set lock_timeout = 0' end),
    (2, case when t.reason is null then pg_catalog.format('create index concurrently %I on %I.%I (%s)', t.index_name, t.nspname, t.relname, t.quoted) end)
) s(place, statement)
where t.reason is null or s.place = 1
order by t.place, s.place
