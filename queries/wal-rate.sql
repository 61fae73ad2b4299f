-- wal-rate: how far the WAL of this server has got, what is archived of it, and who is expected to receive it
-- source: pg_current_wal_lsn(), pg_stat_archiver, pg_ls_archive_statusdir(), settings
-- needs: server >= 13
-- privilege: pg_monitor (execute on pg_ls_archive_statusdir()), else the number of files waiting to be archived is unknown
-- cost: cheap; lists the archive status directory when archiving is on
select
  pg_catalog.date_part('epoch', pg_catalog.clock_timestamp())::float8 as server_time,
  pg_catalog.pg_is_in_recovery() as recovery,
  case
    when pg_catalog.pg_is_in_recovery()
      then pg_catalog.pg_wal_lsn_diff(greatest(pg_catalog.pg_last_wal_receive_lsn(), pg_catalog.pg_last_wal_replay_lsn()), '0/0')
    else pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_lsn(), '0/0')
  end::float8 as wal_bytes,
  pg_catalog.current_setting('archive_mode') as archive_mode,
  a.archived_count::float8 as archived,
  a.failed_count::float8 as failed,
  a.last_archived_wal as last_archived_wal,
  a.last_failed_wal as last_failed_wal,
  pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() - a.last_archived_time)::float8 as last_archived_s,
  pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() - a.last_failed_time)::float8 as last_failed_s,
  -- The count of failures never falls: only the order of the two last times tells whether it fails now.
  coalesce(a.last_failed_time > coalesce(a.last_archived_time, '-infinity'), false) as failing,
  case
    when pg_catalog.current_setting('archive_mode') <> 'off'
      and pg_catalog.has_function_privilege('pg_catalog.pg_ls_archive_statusdir()', 'execute')
    -- A function that may not be called must not stand in the statement: its permission is checked before anything runs.
    then pg_catalog.substring(
      pg_catalog.query_to_xml($$select pg_catalog.count(*) as n from pg_catalog.pg_ls_archive_statusdir() f where f.name like '%.ready'$$, false, false, '')::text,
      '<n>(\d+)</n>')::int4
  end as ready,
  pg_catalog.current_setting('synchronous_standby_names') as synchronous_standby_names,
  nullif(pg_catalog.pg_size_bytes(pg_catalog.current_setting('max_slot_wal_keep_size')), -1)::float8 as slot_keep_bytes
from pg_catalog.pg_stat_archiver a
order by wal_bytes
