-- vitals: one row about the whole server: sessions by state and wait, counters, WAL position, worst replication lag
-- source: pg_stat_activity, pg_stat_database, pg_prepared_xacts, pg_stat_replication, pg_stat_wal_receiver
-- needs: server >= 13
-- privilege: pg_read_all_stats, else other users' sessions are counted as hidden and the lag is unknown
-- cost: cheap; asked every tick
with seen as materialized (
  select
    a.pid,
    a.backend_type,
    a.state,
    a.wait_event_type,
    a.wait_event,
    a.state_change,
    a.xact_start,
    a.application_name = 'pgperf' or a.application_name like 'pgperf %' as own,
    a.backend_type = 'client backend' as client,
    -- Without the privilege there is no backend_type; what has a user and a database is a client, or one of its parallel workers.
    a.backend_type is null and a.usesysid is not null and a.datid is not null as hidden,
    a.state in ('active', 'fastpath function call') and a.backend_type in ('client backend', 'parallel worker')
      and not (a.application_name = 'pgperf' or a.application_name like 'pgperf %') as load
  from pg_catalog.pg_stat_activity a
),
waits as (
  select s.wait_event_type, s.wait_event, pg_catalog.count(*)::int4 as n
  from seen s
  where s.load and s.wait_event is not null
  group by s.wait_event_type, s.wait_event
  order by n desc, s.wait_event_type, s.wait_event
  limit 1
)
select
  pg_catalog.date_part('epoch', pg_catalog.clock_timestamp())::float8 as server_time,
  pg_catalog.pg_is_in_recovery() as recovery,
  pg_catalog.date_part('epoch', pg_catalog.pg_postmaster_start_time())::float8 as started_at,
  coalesce((select pg_catalog.string_agg(e.extname || '=' || e.extversion, ',' order by e.extname) from pg_catalog.pg_extension e), '') as extensions,
  pg_catalog.pg_has_role('pg_read_all_stats', 'usage') as can_read_all,
  (pg_catalog.current_setting('max_connections')::int4
    - pg_catalog.current_setting('superuser_reserved_connections')::int4
    - coalesce(nullif(pg_catalog.current_setting('reserved_connections', true), '')::int4, 0)
    - coalesce(nullif(pg_catalog.current_setting('rds.rds_superuser_reserved_connections', true), '')::int4, 0)) as usable,
  activity.*,
  (select w.wait_event_type || ':' || w.wait_event from waits w) as top_wait,
  (select w.n from waits w) as top_wait_count,
  counters.*,
  prepared.*,
  case
    when pg_catalog.pg_is_in_recovery() then pg_catalog.pg_wal_lsn_diff(coalesce(pg_catalog.pg_last_wal_receive_lsn(), pg_catalog.pg_last_wal_replay_lsn()), '0/0')
    else pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_lsn(), '0/0')
  end::float8 as wal_bytes,
  sender.standbys,
  receiver.streaming,
  case when pg_catalog.pg_is_in_recovery() then receiver.lag_bytes else sender.lag_bytes end as lag_bytes,
  case when pg_catalog.pg_is_in_recovery() then receiver.lag_s else sender.lag_s end as lag_s
from (
  select
    pg_catalog.count(*) filter (where s.client or s.hidden)::int4 as connections,
    pg_catalog.count(*) filter (where s.client and s.own)::int4 as own,
    pg_catalog.count(*) filter (where s.hidden)::int4 as hidden,
    pg_catalog.count(*) filter (where s.client and s.load)::int4 as active,
    pg_catalog.count(*) filter (where s.client and not s.own and s.state = 'idle')::int4 as idle,
    pg_catalog.count(*) filter (where s.client and s.state like 'idle in transaction%')::int4 as idle_in_transaction,
    pg_catalog.max(pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() - s.state_change))
      filter (where s.client and s.state like 'idle in transaction%')::float8 as idle_in_transaction_s,
    pg_catalog.max(pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() - s.xact_start))
      filter (where s.client and not s.own)::float8 as oldest_xact_s,
    pg_catalog.count(*) filter (where s.wait_event_type = 'Lock')::int4 as blocked,
    pg_catalog.max(pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() - s.state_change))
      filter (where s.wait_event_type = 'Lock')::float8 as blocked_at_most_s,
    pg_catalog.count(*) filter (where s.wait_event_type = 'IPC' and s.wait_event = 'SyncRep')::int4 as sync_waits,
    pg_catalog.max(pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() - s.state_change))
      filter (where s.wait_event_type = 'IPC' and s.wait_event = 'SyncRep')::float8 as sync_wait_at_most_s,
    pg_catalog.count(*) filter (where s.backend_type = 'autovacuum worker')::int4 as autovacuum_workers,
    pg_catalog.count(*) filter (where s.backend_type = 'walsender')::int4 as walsenders,
    pg_catalog.max(s.wait_event) filter (
      where s.backend_type = 'startup' and (s.wait_event like 'RecoveryConflict%' or s.wait_event_type in ('Lock', 'BufferPin', 'Buffer'))
    ) as replay_wait,
    pg_catalog.count(*) filter (where s.load and s.wait_event is null)::int4 as load_running,
    pg_catalog.count(*) filter (where s.load and s.wait_event_type = 'IO')::int4 as load_io,
    pg_catalog.count(*) filter (where s.load and s.wait_event_type = 'Lock')::int4 as load_lock,
    pg_catalog.count(*) filter (where s.load and s.wait_event_type = 'LWLock')::int4 as load_lwlock,
    pg_catalog.count(*) filter (where s.load and s.wait_event_type = 'IPC')::int4 as load_ipc,
    pg_catalog.count(*) filter (where s.load and s.wait_event_type = 'Client')::int4 as load_client,
    pg_catalog.count(*) filter (where s.load and s.wait_event_type not in ('IO', 'Lock', 'LWLock', 'IPC', 'Client'))::int4 as load_other
  from seen s
) activity
cross join (
  select
    pg_catalog.sum(d.xact_commit)::float8 as commits,
    pg_catalog.sum(d.xact_rollback)::float8 as rollbacks,
    pg_catalog.sum(d.blks_hit)::float8 as blks_hit,
    pg_catalog.sum(d.blks_read)::float8 as blks_read,
    pg_catalog.sum(d.tup_returned)::float8 as tup_returned,
    pg_catalog.sum(d.tup_fetched)::float8 as tup_fetched,
    pg_catalog.sum(d.tup_inserted + d.tup_updated + d.tup_deleted)::float8 as tup_written,
    pg_catalog.sum(d.deadlocks)::float8 as deadlocks,
    pg_catalog.sum(d.conflicts)::float8 as conflicts,
    pg_catalog.sum(d.temp_files)::float8 as temp_files,
    pg_catalog.sum(d.temp_bytes)::float8 as temp_bytes,
    null::float8 as sessions,
    null::float8 as sessions_broken,
    pg_catalog.date_part('epoch', pg_catalog.max(d.stats_reset))::float8 as stats_reset
  from pg_catalog.pg_stat_database d
) counters
cross join (
  select
    pg_catalog.count(*)::int4 as prepared,
    pg_catalog.max(pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() - p.prepared))::float8 as prepared_s,
    (pg_catalog.array_agg(p.gid order by p.prepared, p.gid))[1] as prepared_gid,
    (pg_catalog.array_agg(p.owner::text order by p.prepared, p.gid))[1] as prepared_owner,
    (pg_catalog.array_agg(p.database::text order by p.prepared, p.gid))[1] as prepared_database
  from pg_catalog.pg_prepared_xacts p
) prepared
cross join (
  -- The lag columns become null when a standby is caught up and idle, and freeze when it hangs: bytes and the age of its last reply decide.
  select
    pg_catalog.count(*)::int4 as standbys,
    case when pg_catalog.bool_and(r.bytes is not null) then pg_catalog.max(r.bytes) end as lag_bytes,
    case when pg_catalog.bool_and(r.bytes = 0 or r.lag_s is not null) then pg_catalog.max(case when r.bytes = 0 then 0 else r.lag_s end) end as lag_s
  from (
    select
      -- greatest() takes no notice of null: it would call the unknown 0.
      case when w.replay_lsn is not null then
        greatest(0, pg_catalog.pg_wal_lsn_diff(
          case when pg_catalog.pg_is_in_recovery() then pg_catalog.pg_last_wal_receive_lsn() else pg_catalog.pg_current_wal_lsn() end, w.replay_lsn))
      end::float8 as bytes,
      case
        when w.reply_time < pg_catalog.clock_timestamp() - interval '15 s'
          then greatest(pg_catalog.date_part('epoch', w.replay_lag), pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() - w.reply_time))
        else pg_catalog.date_part('epoch', w.replay_lag)
      end::float8 as lag_s
    from pg_catalog.pg_stat_replication w
    where w.state is distinct from 'backup' and w.application_name not in ('pg_basebackup', 'pg_rewind', 'pg_receivewal')
      -- The copy of a table by a subscription comes and goes.
      and w.application_name !~ '^pg_[0-9]+_sync_[0-9]+'
  ) r
) sender
cross join (
  -- Received equals replayed also says a standby whose receiver is gone: without a fresh one nothing is known.
  select
    case when pg_catalog.pg_is_in_recovery() and (r.status is not null or r.pid is null) then coalesce(r.fresh, false) end as streaming,
    case when r.fresh then r.bytes end as lag_bytes,
    case
      when r.fresh and r.bytes = 0 then 0
      when r.fresh then pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() - pg_catalog.pg_last_xact_replay_timestamp())
    end::float8 as lag_s
  from (select 1) one
  left join (
    select
      w.pid,
      w.status,
      w.status = 'streaming' and w.last_msg_receipt_time > pg_catalog.clock_timestamp() - interval '60 s' as fresh,
      case when w.latest_end_lsn is not null then
        greatest(0, pg_catalog.pg_wal_lsn_diff(w.latest_end_lsn, pg_catalog.pg_last_wal_replay_lsn()))
      end::float8 as bytes
    from pg_catalog.pg_stat_wal_receiver w
  ) r on true
) receiver
