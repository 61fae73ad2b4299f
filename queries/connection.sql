-- connection: how this session is encrypted, and the settings that decide what can be seen
-- source: pg_stat_ssl, pg_settings
-- needs: server >= 13
-- privilege: none; a setting that this role may not read is null
-- cost: cheap
select
  (select s.ssl from pg_catalog.pg_stat_ssl s where s.pid = pg_catalog.pg_backend_pid()) as ssl,
  (select s.version from pg_catalog.pg_stat_ssl s where s.pid = pg_catalog.pg_backend_pid()) as ssl_version,
  (select s.cipher from pg_catalog.pg_stat_ssl s where s.pid = pg_catalog.pg_backend_pid()) as ssl_cipher,
  (select s.setting from pg_catalog.pg_settings s where s.name = 'shared_preload_libraries') as shared_preload_libraries,
  (select s.setting from pg_catalog.pg_settings s where s.name = 'track_activities') as track_activities,
  (select s.setting from pg_catalog.pg_settings s where s.name = 'track_counts') as track_counts,
  (select s.setting from pg_catalog.pg_settings s where s.name = 'track_io_timing') as track_io_timing,
  (select s.setting::int4 from pg_catalog.pg_settings s where s.name = 'track_activity_query_size') as track_activity_query_size,
  (select s.setting from pg_catalog.pg_settings s where s.name = 'compute_query_id') as compute_query_id,
  (select s.setting from pg_catalog.pg_settings s where s.name = 'pg_stat_statements.track') as statements_track
