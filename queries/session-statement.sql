-- session-statement: one session with its whole query text and all its times
-- source: pg_stat_activity, pg_stat_ssl, pg_settings (current_setting() would tell a size with its unit)
-- needs: server >= 13
-- privilege: pg_read_all_stats, else another user's session is hidden
-- cost: cheap; asked for the session that is opened
-- param: $1 int4 pid = 0
-- param: $2 text backend_start
select
  a.pid,
  a.query,
  a.datname = pg_catalog.current_database() as here,
  (select g.setting::int4 from pg_catalog.pg_settings g where g.name = 'track_activity_query_size') as query_size,
  a.state,
  a.backend_start::text as backend_start,
  a.xact_start::text as xact_start,
  a.query_start::text as query_start,
  a.state_change::text as state_change,
  a.wait_event_type,
  a.wait_event,
  a.client_hostname,
  pg_catalog.host(a.client_addr) as client_addr,
  a.client_port,
  s.ssl,
  s.version as tls_version,
  s.cipher,
  a.backend_xid::text as backend_xid,
  a.backend_xmin::text as backend_xmin,
  pg_catalog.age(a.backend_xmin) as xmin_age
from pg_catalog.pg_stat_activity a
left join pg_catalog.pg_stat_ssl s on s.pid = a.pid
where a.pid = $1::int4 and (a.backend_start is null or nullif($2::text, '') is null or a.backend_start = nullif($2::text, '')::timestamptz)
