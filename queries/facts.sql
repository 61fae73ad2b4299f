-- facts: what is true of a server until it restarts, fails over, or changes its extensions or roles
-- source: settings, pg_control_system(), pg_roles, pg_extension, pg_stat_ssl
-- needs: server >= 13
-- privilege: none; the system identifier needs execute on pg_control_system(), which everybody has unless it was revoked
-- cost: cheap; asked at the start, every 60 s and when something changed
select
  pg_catalog.split_part(pg_catalog.current_setting('server_version'), ' ', 1) as version,
  pg_catalog.current_setting('server_version_num')::int4 as server_version_num,
  pg_catalog.pg_backend_pid() as pid,
  pg_catalog.date_part('epoch', pg_catalog.clock_timestamp())::float8 as server_time,
  pg_catalog.pg_is_in_recovery() as recovery,
  pg_catalog.date_part('epoch', pg_catalog.pg_postmaster_start_time())::float8 as started_at,
  -- A function that may not be called must not stand in the statement at all: the permission is checked before anything runs.
  case when pg_catalog.has_function_privilege(pg_catalog.to_regprocedure('pg_catalog.pg_control_system()')::oid, 'execute') then
    pg_catalog.substring(
      pg_catalog.query_to_xml('select system_identifier from pg_catalog.pg_control_system()', false, false, '')::text,
      '<system_identifier>(\d+)<')
  end as system_identifier,
  pg_catalog.current_database()::text as database,
  current_user::text as role,
  (select r.rolsuper from pg_catalog.pg_roles r where r.rolname = current_user) as superuser,
  member.read_all_stats as can_read_all,
  member.monitor,
  member.signal_backend as can_signal,
  member.signal_autovacuum as can_signal_autovacuum,
  member.maintain,
  member.read_all_data,
  coalesce((select pg_catalog.string_agg(e.extname || '=' || e.extversion, ',' order by e.extname) from pg_catalog.pg_extension e), '') as extensions,
  coalesce((
    select pg_catalog.string_agg(distinct pg_catalog.quote_ident(n.nspname), ',')
    from pg_catalog.pg_extension e join pg_catalog.pg_namespace n on n.oid = e.extnamespace
    where e.extname in ('pg_stat_statements', 'pgstattuple', 'pg_buffercache', 'hypopg', 'pg_stat_kcache', 'pg_wait_sampling')
      and n.nspname <> 'pg_catalog' and pg_catalog.has_schema_privilege(n.oid, 'usage')
  ), '') as extension_schemas,
  case
    when pg_catalog.to_regproc('pg_catalog.aurora_version') is not null or pg_catalog.to_regproc('aurora_version') is not null then 'aurora'
    when seen.rds then 'rds'
    when seen.alloydb then 'alloydb'
    when seen.cloudsql then 'cloudsql'
    when seen.azure then 'azure'
    when seen.neon then 'neon'
    when seen.supabase then 'supabase'
  end as provider,
  -- What pgperf sets for its own session is not the server's zone.
  coalesce((select s.reset_val from pg_catalog.pg_settings s where s.name = 'TimeZone'), pg_catalog.current_setting('TimeZone')) as timezone,
  pg_catalog.current_setting('max_connections')::int4 as max_connections,
  pg_catalog.current_setting('superuser_reserved_connections')::int4
    + coalesce(nullif(pg_catalog.current_setting('reserved_connections', true), '')::int4, 0)
    + coalesce(nullif(pg_catalog.current_setting('rds.rds_superuser_reserved_connections', true), '')::int4, 0) as reserved_connections,
  pg_catalog.current_setting('block_size')::int4 as block_size,
  coalesce((select s.ssl from pg_catalog.pg_stat_ssl s where s.pid = pg_catalog.pg_backend_pid()), false) as tls,
  (select s.version from pg_catalog.pg_stat_ssl s where s.pid = pg_catalog.pg_backend_pid()) as tls_version
from (
  select
    coalesce(pg_catalog.bool_or(r.rolname = 'pg_read_all_stats'), false) as read_all_stats,
    coalesce(pg_catalog.bool_or(r.rolname = 'pg_monitor'), false) as monitor,
    coalesce(pg_catalog.bool_or(r.rolname = 'pg_signal_backend'), false) as signal_backend,
    coalesce(pg_catalog.bool_or(r.rolname = 'pg_signal_autovacuum_worker'), false) as signal_autovacuum,
    coalesce(pg_catalog.bool_or(r.rolname = 'pg_maintain'), false) as maintain,
    coalesce(pg_catalog.bool_or(r.rolname = 'pg_read_all_data'), false) as read_all_data
  from pg_catalog.pg_roles r
  where r.rolname in ('pg_read_all_stats', 'pg_monitor', 'pg_signal_backend', 'pg_signal_autovacuum_worker', 'pg_maintain', 'pg_read_all_data')
    and pg_catalog.pg_has_role(r.oid, 'usage')
) member
cross join (
  select
    coalesce(pg_catalog.bool_or(x.name like 'rds.%' or x.name = 'rds_superuser'), false) as rds,
    coalesce(pg_catalog.bool_or(x.name like 'alloydb.%' or x.name = 'alloydbsuperuser'), false) as alloydb,
    coalesce(pg_catalog.bool_or(x.name like 'cloudsql.%' or x.name = 'cloudsqlsuperuser'), false) as cloudsql,
    coalesce(pg_catalog.bool_or(x.name like 'azure.%' or x.name = 'azure_pg_admin'), false) as azure,
    coalesce(pg_catalog.bool_or(x.name like 'neon.%' or x.name = 'neon_superuser'), false) as neon,
    coalesce(pg_catalog.bool_or(x.name = 'supabase_admin'), false) as supabase
  from (
    select s.name from pg_catalog.pg_settings s where s.name like '%.%'
    union all
    select r.rolname::text from pg_catalog.pg_roles r
    where r.rolname in ('rds_superuser', 'alloydbsuperuser', 'cloudsqlsuperuser', 'azure_pg_admin', 'neon_superuser', 'supabase_admin')
  ) x
) seen
