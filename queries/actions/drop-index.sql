-- actions/drop-index: per index the statements that drop it without stopping readers and writers, and the one that would bring it back
-- source: pg_index, pg_constraint, pg_inherits, pg_locks, pg_stat_get_numscans()
-- needs: server >= 13
-- privilege: ownership of the index
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
    w.oid,
    i.indrelid,
    coalesce(pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname), w.name) as relation,
    pg_catalog.quote_ident(tn.nspname) || '.' || pg_catalog.quote_ident(t.relname) as on_table,
    c.relkind,
    i.indisunique,
    i.indisvalid,
    c.oid is null as gone,
    c.relpages::float8 * pg_catalog.current_setting('block_size')::float8 as bytes,
    case when c.relkind = 'i' then pg_catalog.pg_stat_get_numscans(c.oid) end as scans,
    case
      when c.oid is null then 'it is gone already'
      when i.indexrelid is null then 'it is no index any more'
      when pg_catalog.pg_is_in_recovery() then 'this is a standby: drop it on the primary'
      when n.nspname in ('pg_catalog', 'pg_toast') then 'it belongs to the server'
      when c.relispartition then 'it is part of ' || (select h.inhparent::regclass::text from pg_catalog.pg_inherits h where h.inhrelid = c.oid) || ': drop that one'
      when k.conname is not null then pg_catalog.format('it belongs to the constraint %I: alter table %I.%I drop constraint %I', k.conname, tn.nspname, t.relname, k.conname)
      when f.conname is not null then pg_catalog.format('the foreign key %I of %s needs it', f.conname, f.conrelid::regclass::text)
      when i.indisreplident then 'it is the replica identity of its table: logical replication needs it'
      when not pg_catalog.pg_has_role(c.relowner, 'usage') then pg_catalog.format('it belongs to %I: only its owner may drop it', pg_catalog.pg_get_userbyid(c.relowner))
      when builder.pid is not null then builder.pid::text || ' builds it now'
      when locker.pid is not null then locker.pid::text || ' holds or awaits its table exclusively: try again when that is over'
    end as why
  from wanted w
  left join pg_catalog.pg_class c on c.oid = w.oid
  left join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  left join pg_catalog.pg_index i on i.indexrelid = c.oid
  left join pg_catalog.pg_class t on t.oid = i.indrelid
  left join pg_catalog.pg_namespace tn on tn.oid = t.relnamespace
  left join lateral (
    select k.conname from pg_catalog.pg_constraint k where k.conindid = c.oid and k.contype in ('p', 'u', 'x') order by k.oid limit 1
  ) k on true
  left join lateral (
    select f.conname, f.conrelid from pg_catalog.pg_constraint f where f.conindid = c.oid and f.contype = 'f' order by f.oid limit 1
  ) f on true
  left join lateral (
    select p.pid from pg_catalog.pg_stat_progress_create_index p where p.index_relid = c.oid order by p.pid limit 1
  ) builder on true
  left join lateral (
    select l.pid
    from pg_catalog.pg_locks l
    where l.locktype = 'relation' and l.mode = 'AccessExclusiveLock' and l.relation in (c.oid, t.oid)
      and l.database = (select d.oid from pg_catalog.pg_database d where d.datname = pg_catalog.current_database())
    order by l.pid
    limit 1
  ) locker on true
),
defined as materialized (
  select
    t.*,
    case when t.why is null then case when t.relkind = 'I'
      then pg_catalog.replace(pg_catalog.pg_get_indexdef(t.oid), ' ON ONLY ', ' ON ')
      else pg_catalog.regexp_replace(pg_catalog.pg_get_indexdef(t.oid), '^CREATE (UNIQUE )?INDEX', 'CREATE \1INDEX CONCURRENTLY') end
    end as undo
  from target t
)
select
  t.relation as target,
  s.statement,
  case when t.relkind = 'I' then 'drop' end as step_group,
  t.why is null as ready,
  t.why,
  t.gone as nothing,
  case when t.why is null then
    pg_catalog.concat_ws(pg_catalog.chr(10),
      pg_catalog.format('%s on %s, about %s%s', t.relation, t.on_table, pg_catalog.pg_size_pretty(t.bytes::numeric),
        case when t.scans is null then '' else ', scanned ' || t.scans || ' times here since the statistics began' end),
      case when t.indisunique and t.indisvalid then 'unique: it also keeps duplicates out' end,
      case when t.relkind = 'I' then 'partitioned: its table and all partitions stand still for a moment; it is tried for 300 ms at a time'
        else 'waits for every transaction on the table' || coalesce(', the oldest is ' || o.line, '') end,
      'undo: ' || t.undo)
  end as note,
  t.indrelid::text as relids,
  t.relkind = 'I' as queue,
  t.relation as typed
from defined t
cross join lateral (
  values
    (1, 'i', 'set lock_timeout = 0'),
    (2, 'i', 'drop index concurrently ' || t.relation),
    (1, 'I', 'begin'),
    (2, 'I', 'set local lock_timeout = ''300ms'''),
    (3, 'I', 'drop index ' || t.relation),
    (4, 'I', 'commit'),
    (1, '', null)
) s(place, kind, statement)
left join lateral (
  select a.pid::text || coalesce(' (' || a.usename || ', ' || a.state || ')', '') as line
  from pg_catalog.pg_locks l
  join pg_catalog.pg_stat_activity a on a.pid = l.pid
  where l.locktype = 'relation' and l.relation = t.indrelid and l.granted and l.pid <> pg_catalog.pg_backend_pid()
    and l.database = (select d.oid from pg_catalog.pg_database d where d.datname = pg_catalog.current_database())
  order by a.xact_start, a.pid
  limit 1
) o on true
where s.kind = case when t.why is null then t.relkind::text else '' end
order by t.place, s.place
