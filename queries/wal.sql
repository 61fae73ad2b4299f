-- wal: how much WAL is written, and how full and how far away the next checkpoint is
-- source: pg_current_wal_lsn(), pg_control_checkpoint(), settings
-- needs: server >= 13
-- privilege: none
-- cost: cheap
select
  pg_catalog.pg_is_in_recovery() as recovery,
  case
    when pg_catalog.pg_is_in_recovery()
      then pg_catalog.pg_wal_lsn_diff(greatest(pg_catalog.pg_last_wal_receive_lsn(), pg_catalog.pg_last_wal_replay_lsn()), '0/0')
    else pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_lsn(), '0/0')
  end::float8 as lsn_bytes,
  null::float8 as wal_records,
  null::float8 as wal_fpi,
  null::float8 as wal_bytes,
  null::float8 as wal_buffers_full,
  null::float8 as wal_write,
  null::float8 as wal_sync,
  null::float8 as wal_write_time,
  null::float8 as wal_sync_time,
  null::float8 as stats_since,
  case
    when not pg_catalog.pg_is_in_recovery() then pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_lsn(), c.redo_lsn)
  end::float8 as since_redo_bytes,
  pg_catalog.date_part('epoch', pg_catalog.statement_timestamp() - c.checkpoint_time)::float8 as checkpoint_s,
  pg_catalog.current_setting('checkpoint_timeout') as checkpoint_timeout,
  (select s.setting::float8 * 1048576 from pg_catalog.pg_settings s where s.name = 'max_wal_size')::float8 as max_wal_bytes,
  pg_catalog.current_setting('wal_level') as wal_level,
  pg_catalog.current_setting('synchronous_commit') as synchronous_commit,
  pg_catalog.current_setting('full_page_writes')::bool as full_page_writes,
  pg_catalog.current_setting('wal_compression') as wal_compression
from pg_catalog.pg_control_checkpoint() c
order by checkpoint_s
