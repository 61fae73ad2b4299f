-- disk: where the server keeps its data, its WAL and its tablespaces, and which process answers: looked at only where that process runs beside pgperf
-- source: pg_settings (data_directory), pg_tablespace, pg_tablespace_location()
-- needs: server >= 13
-- privilege: pg_monitor or pg_read_all_settings, else the data directory is hidden
-- cost: cheap
with place as (
  select s.setting as directory
  from (select 1) one
  left join pg_catalog.pg_settings s on s.name = 'data_directory'
)
select
  w.what,
  w.path,
  pg_catalog.pg_backend_pid() as pid,
  current_user::text as usename,
  pg_catalog.current_database()::text as datname
from (
  select 1 as place, 'data' as what, p.directory as path from place p
  union all
  select 2, 'WAL', p.directory || '/pg_wal' from place p
  union all
  select 3, 'tablespace ' || t.spcname, nullif(pg_catalog.pg_tablespace_location(t.oid), '') from pg_catalog.pg_tablespace t where t.spcname !~ '^pg_'
) w
order by w.place, w.what
