-- databases: the counters, sessions and ages of every database, and of the objects that all share
-- source: pg_stat_database, pg_database, pg_stat_bgwriter.stats_reset (after a crash the only sign of a fresh start)
-- needs: server >= 13
-- privilege: none
-- cost: cheap
select
  s.datid::text as datid,
  s.datname::text as datname,
  s.datname = pg_catalog.current_database() as here,
  coalesce(d.datistemplate, false) as template,
  coalesce(d.datallowconn, true) as connectable,
  s.numbackends::int4 as numbackends,
  nullif(d.datconnlimit, -1) as datconnlimit,
  s.xact_commit::float8 as xact_commit,
  s.xact_rollback::float8 as xact_rollback,
  s.blks_hit::float8 as blks_hit,
  s.blks_read::float8 as blks_read,
  s.tup_returned::float8 as tup_returned,
  s.tup_fetched::float8 as tup_fetched,
  s.tup_inserted::float8 as tup_inserted,
  s.tup_updated::float8 as tup_updated,
  s.tup_deleted::float8 as tup_deleted,
  s.temp_files::float8 as temp_files,
  s.temp_bytes::float8 as temp_bytes,
  s.deadlocks::float8 as deadlocks,
  s.conflicts::float8 as conflicts,
  s.checksum_failures::float8 as checksum_failures,
  pg_catalog.date_part('epoch', pg_catalog.statement_timestamp() - s.checksum_last_failure)::float8 as checksum_s,
  s.blk_read_time::float8 as blk_read_time,
  s.blk_write_time::float8 as blk_write_time,
  null::float8 as session_time,
  null::float8 as active_time,
  null::float8 as idle_in_transaction_time,
  null::float8 as sessions,
  null::float8 as sessions_abandoned,
  null::float8 as sessions_fatal,
  null::float8 as sessions_killed,
  pg_catalog.date_part('epoch', coalesce(s.stats_reset, b.stats_reset))::float8 as stats_since,
  pg_catalog.date_part('epoch', pg_catalog.statement_timestamp() - coalesce(s.stats_reset, b.stats_reset))::float8 as stats_s,
  pg_catalog.age(d.datfrozenxid)::float8 as xid_age,
  pg_catalog.mxid_age(d.datminmxid)::float8 as mxid_age,
  pg_catalog.current_setting('autovacuum_freeze_max_age')::float8 as freeze_max_age,
  pg_catalog.current_setting('autovacuum_multixact_freeze_max_age')::float8 as mxid_freeze_max_age
from pg_catalog.pg_stat_database s
cross join pg_catalog.pg_stat_bgwriter b
left join pg_catalog.pg_database d on d.oid = s.datid
order by s.datid
