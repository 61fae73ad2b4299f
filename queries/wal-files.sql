-- wal-files: how many WAL files there are and how many of them wait to be archived
-- source: pg_ls_waldir(), pg_ls_archive_statusdir()
-- needs: server >= 13
-- privilege: pg_monitor (execute on pg_ls_waldir() and pg_ls_archive_statusdir())
-- cost: moderate; lists two directories
select
  w.files,
  w.size_bytes,
  w.recycled,
  a.ready
from (
  select
    pg_catalog.count(*) filter (where f.name ~ '^[0-9A-F]{24}$')::int4 as files,
    pg_catalog.sum(f.size)::float8 as size_bytes,
    pg_catalog.count(*) filter (where f.name ~ '^[0-9A-F]{24}$' and case when not pg_catalog.pg_is_in_recovery()
      then f.name > pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_lsn()) end)::int4 as recycled
  from pg_catalog.pg_ls_waldir() f
) w
cross join (
  select pg_catalog.count(*) filter (where f.name like '%.ready')::int4 as ready
  from pg_catalog.pg_ls_archive_statusdir() f
) a
order by w.files
