-- session-locks: the locks that one session holds or waits for, the strongest first
-- source: pg_locks
-- needs: server >= 13
-- privilege: none
-- cost: moderate; reads the whole lock table once, asked for the session that is opened
-- param: $1 int4 pid = 0
select
  l.granted,
  l.locktype,
  l.mode,
  case
    when l.locktype = 'transactionid' then 'transaction ' || l.transactionid::text
    when l.locktype = 'virtualxid' then 'virtual transaction ' || l.virtualxid
    when l.locktype = 'advisory' then
      case l.objsubid
        when 1 then 'advisory ' || ((l.classid::int8 << 32) | l.objid::int8)::text
        else 'advisory ' || l.classid::int8::bit(32)::int4::text || ', ' || l.objid::int8::bit(32)::int4::text
      end
    when l.relation is not null then
      case
        when l.database in (0, here.oid) then l.relation::regclass::text
        else 'relation ' || l.relation::text || ' of database '
          || coalesce((select d.datname::text from pg_catalog.pg_database d where d.oid = l.database), l.database::text)
      end
      || coalesce(' page ' || l.page::text, '') || coalesce(' tuple ' || l.tuple::text, '')
    when l.classid is not null then l.classid::regclass::text || ' ' || l.objid::text
    else l.locktype
  end as object,
  l.fastpath,
  (pg_catalog.count(*) over ())::int4 as locks
from pg_catalog.pg_locks l
cross join (select d.oid from pg_catalog.pg_database d where d.datname = pg_catalog.current_database()) here
where l.pid = $1::int4
order by
  l.granted,
  pg_catalog.array_position(array['AccessExclusiveLock', 'ExclusiveLock', 'ShareRowExclusiveLock', 'ShareLock', 'ShareUpdateExclusiveLock', 'RowExclusiveLock',
    'RowShareLock', 'AccessShareLock'], l.mode),
  object,
  l.virtualtransaction
limit 100
