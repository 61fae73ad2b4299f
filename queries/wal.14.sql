-- wal: how much WAL is written, and how full and how far away the next checkpoint is
-- source: pg_stat_wal (new in 14), pg_current_wal_lsn(), pg_control_checkpoint(), settings
-- needs: server >= 14
-- privilege: none
-- cost: cheap
select
  pg_catalog.pg_is_in_recovery() as recovery,
  case
    when pg_catalog.pg_is_in_recovery()
      then pg_catalog.pg_wal_lsn_diff(greatest(pg_catalog.pg_last_wal_receive_lsn(), pg_catalog.pg_last_wal_replay_lsn()), '0/0')
    else pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_lsn(), '0/0')
  end::float8 as lsn_bytes,
  w.wal_records::float8 as wal_records,
  w.wal_fpi::float8 as wal_fpi,
  w.wal_bytes::float8 as wal_bytes,
  w.wal_buffers_full::float8 as wal_buffers_full,
  w.wal_write::float8 as wal_write,
  w.wal_sync::float8 as wal_sync,
  w.wal_write_time::float8 as wal_write_time,
  w.wal_sync_time::float8 as wal_sync_time,
  pg_catalog.date_part('epoch', w.stats_reset)::float8 as stats_since,
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
cross join pg_catalog.pg_stat_wal w
order by checkpoint_s
