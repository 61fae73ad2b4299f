-- locks: who waits for whom, one row per waiter and blocker, a prepared transaction as the blocker with pid 0
-- source: pg_stat_activity, pg_blocking_pids(), pg_locks.waitstart (new in 14), pg_prepared_xacts
-- needs: server >= 14
-- privilege: pg_read_all_stats, else other users' states and query texts are hidden; who waits for whom is seen by everybody
-- cost: cheap; asks pg_blocking_pids() and pg_locks only when somebody waits, for the 200 who wait longest
with seen as materialized (
  select a.pid, coalesce(a.leader_pid, a.pid) as client_pid, a.wait_event_type, a.backend_type is null and a.usesysid is not null as hidden
  from pg_catalog.pg_stat_activity a
),
-- Whose waits are hidden is found in pg_locks, which hides nothing but costs more: not read unless there is somebody whose waits can't be seen.
suspect as materialized (
  select s.client_pid from seen s where s.wait_event_type = 'Lock'
  union
  select s.client_pid
  from seen s join (select l.pid from pg_catalog.pg_locks l where not l.granted and (select pg_catalog.bool_or(x.hidden) from seen x)) l on l.pid = s.pid
  where s.hidden
),
session as materialized (
  select a.*, coalesce(a.leader_pid, a.pid) as client_pid
  from pg_catalog.pg_stat_activity a
  where (select pg_catalog.count(*) from suspect) > 0
),
held as materialized (
  select l.* from pg_catalog.pg_locks l
  where (select pg_catalog.count(*) from suspect) > 0
),
-- One awaited lock per waiter: a parallel query waits as its leader.
awaited as materialized (
  select distinct on (s.client_pid) s.client_pid, l.waitstart as since, l.*
  from held l join session s on s.pid = l.pid
  where not l.granted
  order by s.client_pid, l.waitstart, l.pid
),
waiter as materialized (
  select
    w.*,
    (pg_catalog.count(*) over ())::int4 as waiters
  from awaited w
  where w.client_pid in (select s.client_pid from suspect s)
  order by w.since, w.client_pid
  limit 200
),
-- Of many blockers those are told that matter: who does not wait himself, then who has waited longest.
edge as materialized (
  select r.client_pid, r.blocker_pid, r.blockers
  from (
    select
      d.client_pid,
      d.blocker_pid,
      (pg_catalog.count(*) over (partition by d.client_pid))::int4 as blockers,
      pg_catalog.row_number() over (partition by d.client_pid order by a.client_pid is not null, a.since, d.blocker_pid) as place
    from (
      select distinct w.client_pid, u.pid as blocker_pid
      from waiter w cross join lateral pg_catalog.unnest(pg_catalog.pg_blocking_pids(w.client_pid)) u(pid)
      where u.pid <> w.client_pid
    ) d
    left join awaited a on a.client_pid = d.blocker_pid
  ) r
  where r.place <= 8
),
conflict (mode, with_modes) as (
  values
    ('AccessShareLock', array['AccessExclusiveLock']),
    ('RowShareLock', array['ExclusiveLock', 'AccessExclusiveLock']),
    ('RowExclusiveLock', array['ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock']),
    ('ShareUpdateExclusiveLock', array['ShareUpdateExclusiveLock', 'ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock']),
    ('ShareLock', array['RowExclusiveLock', 'ShareUpdateExclusiveLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock']),
    ('ShareRowExclusiveLock', array['RowExclusiveLock', 'ShareUpdateExclusiveLock', 'ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock']),
    ('ExclusiveLock', array['RowShareLock', 'RowExclusiveLock', 'ShareUpdateExclusiveLock', 'ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock',
      'AccessExclusiveLock']),
    ('AccessExclusiveLock', array['AccessShareLock', 'RowShareLock', 'RowExclusiveLock', 'ShareUpdateExclusiveLock', 'ShareLock', 'ShareRowExclusiveLock',
      'ExclusiveLock', 'AccessExclusiveLock'])
),
-- pg_blocking_pids() says 0 for a prepared transaction and no more: it is the one that holds the same object in a conflicting mode.
prepared as materialized (
  select distinct w.client_pid, p.gid, p.transaction, p.prepared, p.owner, p.database
  from waiter w
  join conflict c on c.mode = w.mode
  join held l on l.granted and l.pid is null and l.mode = any (c.with_modes)
    and (l.locktype, l.database, l.relation, l.page, l.tuple, l.virtualxid, l.transactionid, l.classid, l.objid, l.objsubid)
      is not distinct from (w.locktype, w.database, w.relation, w.page, w.tuple, w.virtualxid, w.transactionid, w.classid, w.objid, w.objsubid)
  -- Its locks keep the virtual transaction of the session that prepared it (until a restart); what it always holds is the lock on its own id.
  join held own on own.locktype = 'transactionid' and own.pid is null and own.granted and own.virtualtransaction = l.virtualtransaction
  join pg_catalog.pg_prepared_xacts p on p.transaction = own.transactionid
)
select
  w.client_pid as pid,
  s.usename::text as usename,
  s.datname::text as datname,
  s.application_name,
  coalesce(pg_catalog.host(s.client_addr), case when s.client_port = -1 then 'local' end) as client,
  s.backend_type,
  s.state,
  pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() - s.state_change)::float8 as state_s,
  pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() - s.xact_start)::float8 as xact_s,
  s.backend_xid::text as backend_xid,
  pg_catalog.left(s.query, 300) as query,
  s.backend_start::text as backend_start,
  s.xact_start::text as xact_start,
  s.query_start::text as query_start,
  s.state_change::text as state_change,
  pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() - w.since)::float8 as wait_s,
  true as wait_exact,
  w.locktype,
  w.mode,
  case
    when w.locktype = 'transactionid' then 'transaction ' || w.transactionid::text
    when w.locktype = 'virtualxid' then 'virtual transaction ' || w.virtualxid
    when w.locktype = 'advisory' then
      case w.objsubid
        when 1 then 'advisory ' || ((w.classid::int8 << 32) | w.objid::int8)::text
        else 'advisory ' || w.classid::int8::bit(32)::int4::text || ', ' || w.objid::int8::bit(32)::int4::text
      end
      || case when w.database <> (select d.oid from pg_catalog.pg_database d where d.datname = pg_catalog.current_database())
        then ' of database ' || coalesce((select d.datname::text from pg_catalog.pg_database d where d.oid = w.database), w.database::text) else '' end
    when w.relation is not null then
      case
        when w.database in (0, (select d.oid from pg_catalog.pg_database d where d.datname = pg_catalog.current_database())) then w.relation::regclass::text
        else 'relation ' || w.relation::text || ' of database '
          || coalesce((select d.datname::text from pg_catalog.pg_database d where d.oid = w.database), w.database::text)
      end
      || coalesce(' page ' || w.page::text, '') || coalesce(' tuple ' || w.tuple::text, '')
    when w.classid is not null then w.classid::regclass::text || ' ' || w.objid::text
    else w.locktype
  end as object,
  w.waiters,
  e.blockers,
  e.blocker_pid,
  b.usename::text as blocker_usename,
  b.datname::text as blocker_datname,
  b.application_name as blocker_application_name,
  coalesce(pg_catalog.host(b.client_addr), case when b.client_port = -1 then 'local' end) as blocker_client,
  b.backend_type as blocker_backend_type,
  b.state as blocker_state,
  pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() - b.state_change)::float8 as blocker_state_s,
  pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() - b.xact_start)::float8 as blocker_xact_s,
  b.wait_event_type as blocker_wait_event_type,
  b.wait_event as blocker_wait_event,
  b.backend_xid::text as blocker_backend_xid,
  pg_catalog.left(b.query, 300) as blocker_query,
  b.backend_start::text as blocker_backend_start,
  b.xact_start::text as blocker_xact_start,
  b.query_start::text as blocker_query_start,
  b.state_change::text as blocker_state_change,
  p.gid as blocker_gid,
  p.transaction::text as blocker_transaction,
  pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() - p.prepared)::float8 as blocker_prepared_s,
  p.owner::text as blocker_owner,
  p.database::text as blocker_prepared_database
from waiter w
join edge e on e.client_pid = w.client_pid
join session s on s.pid = w.client_pid
left join session b on b.pid = e.blocker_pid
left join prepared p on e.blocker_pid = 0 and p.client_pid = w.client_pid
order by w.since, w.client_pid, e.blocker_pid, p.gid
