-- replication: who receives WAL from this server, one row per sender
-- source: pg_stat_replication, pg_replication_slots.active_pid
-- needs: server >= 13
-- privilege: pg_read_all_stats, else only pid, role and name of a sender are known, not where it stands
-- cost: cheap
select
  pg_catalog.date_part('epoch', pg_catalog.clock_timestamp())::float8 as server_time,
  r.pid::int4 as pid,
  r.usename::text as usename,
  r.application_name as application_name,
  coalesce(pg_catalog.host(r.client_addr), case when r.client_port = -1 then 'local' end) as client,
  s.slot_name::text as slot_name,
  coalesce(s.slot_type, case when r.state = 'backup' or r.application_name in ('pg_basebackup', 'pg_rewind') then 'backup' end) as kind,
  r.state as state,
  r.sync_state as sync_state,
  r.sync_priority::int4 as sync_priority,
  pg_catalog.pg_wal_lsn_diff(here.lsn, r.sent_lsn)::float8 as sent_bytes,
  pg_catalog.pg_wal_lsn_diff(here.lsn, r.write_lsn)::float8 as write_bytes,
  pg_catalog.pg_wal_lsn_diff(here.lsn, r.flush_lsn)::float8 as flush_bytes,
  pg_catalog.pg_wal_lsn_diff(here.lsn, r.replay_lsn)::float8 as replay_bytes,
  pg_catalog.date_part('epoch', r.write_lag)::float8 as write_lag_s,
  pg_catalog.date_part('epoch', r.flush_lag)::float8 as flush_lag_s,
  pg_catalog.date_part('epoch', r.replay_lag)::float8 as replay_lag_s,
  pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() - r.reply_time)::float8 as reply_age_s,
  pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() - r.backend_start)::float8 as connected_s,
  pg_catalog.age(r.backend_xmin)::int4 as xmin_age,
  r.sent_lsn::text as sent_lsn,
  r.replay_lsn::text as replay_lsn
from pg_catalog.pg_stat_replication r
left join pg_catalog.pg_replication_slots s on s.active_pid = r.pid
cross join (
  -- On a cascading standby pg_current_wal_lsn() fails; what it has received may, just after its start, lie before what it has replayed.
  select case
    when pg_catalog.pg_is_in_recovery() then greatest(pg_catalog.pg_last_wal_receive_lsn(), pg_catalog.pg_last_wal_replay_lsn())
    else pg_catalog.pg_current_wal_lsn()
  end as lsn
) here
order by r.application_name, client, r.pid
