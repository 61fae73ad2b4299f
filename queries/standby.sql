-- standby: what a server in recovery says of itself, one row; none on a primary
-- source: pg_stat_wal_receiver, pg_last_wal_replay_lsn(), pg_last_xact_replay_timestamp(), pg_stat_database_conflicts, pg_stat_activity
-- needs: server >= 13
-- privilege: pg_read_all_stats, else the state of the WAL receiver and who holds up the replay are unknown
-- cost: cheap
select
  pg_catalog.date_part('epoch', pg_catalog.clock_timestamp())::float8 as server_time,
  w.pid::int4 as receiver_pid,
  w.status as receiver_status,
  w.sender_host as sender_host,
  w.sender_port::int4 as sender_port,
  w.slot_name as slot_name,
  coalesce(
    pg_catalog.substring(w.conninfo, '(?:^| )application_name=([^ ]+)'),
    pg_catalog.substring(w.conninfo, '(?:^| )fallback_application_name=([^ ]+)')) as application_name,
  w.received_tli::int4 as timeline,
  pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() - w.last_msg_receipt_time)::float8 as heard_s,
  -- Longest silence of a link that works: the receiver reports and asks on its own at these intervals.
  greatest(3 * setting.status_interval_s, setting.receiver_timeout_s / 2 + 5)::float8 as silence_s,
  -- Below 0 just after the start: received lies before replayed.
  pg_catalog.pg_wal_lsn_diff(w.latest_end_lsn, pg_catalog.pg_last_wal_replay_lsn())::float8 as replay_bytes,
  pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_last_wal_receive_lsn(), pg_catalog.pg_last_wal_replay_lsn())::float8 as unreplayed_bytes,
  pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_last_wal_replay_lsn(), '0/0')::float8 as replay_position,
  pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() - pg_catalog.pg_last_xact_replay_timestamp())::float8 as replayed_commit_s,
  pg_catalog.pg_is_wal_replay_paused() as paused,
  setting.apply_delay_s as apply_delay_s,
  setting.streams as streams,
  setting.feedback as feedback,
  setting.has_target as has_target,
  (select pg_catalog.sum(c.confl_tablespace + c.confl_lock + c.confl_snapshot + c.confl_bufferpin + c.confl_deadlock)
    from pg_catalog.pg_stat_database_conflicts c)::float8 as conflicts,
  startup.replay_wait as replay_wait,
  startup.blockers as replay_blockers,
  oldest.pid as oldest_pid,
  oldest.usename as oldest_user,
  oldest.application_name as oldest_application,
  oldest.query_s as oldest_query_s
from (
  select
    pg_catalog.max(s.setting) filter (where s.name = 'wal_receiver_status_interval')::float8 as status_interval_s,
    pg_catalog.max(s.setting) filter (where s.name = 'wal_receiver_timeout')::float8 / 1000 as receiver_timeout_s,
    pg_catalog.max(s.setting) filter (where s.name = 'recovery_min_apply_delay')::float8 / 1000 as apply_delay_s,
    -- Hidden from plain roles, then null: it may fetch its WAL from an archive only.
    pg_catalog.bool_or(s.setting <> '') filter (where s.name = 'primary_conninfo') as streams,
    pg_catalog.bool_or(s.setting = 'on') filter (where s.name = 'hot_standby_feedback') as feedback,
    pg_catalog.bool_or(s.setting <> '') filter (where s.name like 'recovery\_target%') as has_target
  from pg_catalog.pg_settings s
  where s.name in ('wal_receiver_status_interval', 'wal_receiver_timeout', 'recovery_min_apply_delay', 'primary_conninfo', 'hot_standby_feedback',
    'recovery_target', 'recovery_target_time', 'recovery_target_lsn', 'recovery_target_xid', 'recovery_target_name')
) setting
left join pg_catalog.pg_stat_wal_receiver w on true
left join lateral (
  select
    a.wait_event as replay_wait,
    case when a.wait_event_type = 'Lock' then pg_catalog.array_to_string(pg_catalog.pg_blocking_pids(a.pid), ',') end as blockers
  from pg_catalog.pg_stat_activity a
  where a.backend_type = 'startup' and (a.wait_event like 'RecoveryConflict%' or a.wait_event_type in ('Lock', 'BufferPin', 'Buffer'))
  order by a.pid
  limit 1
) startup on true
left join lateral (
  select
    a.pid::int4 as pid,
    a.usename::text as usename,
    a.application_name as application_name,
    pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() - a.xact_start)::float8 as query_s
  from pg_catalog.pg_stat_activity a
  where a.backend_type = 'client backend' and a.backend_xmin is not null and a.application_name <> 'pgperf' and a.application_name not like 'pgperf %'
  order by pg_catalog.age(a.backend_xmin) desc, a.xact_start, a.pid
  limit 1
) oldest on true
-- As a subquery it is asked first, and on a primary nothing else is looked at.
where (select pg_catalog.pg_is_in_recovery())
order by w.pid
