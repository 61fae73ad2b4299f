-- session-statistics: what pg_stat_statements knows of the statement that a session runs, summed over users
-- source: pg_stat_statements
-- needs: server >= 14 ; extension pg_stat_statements >= 1.8
-- privilege: pg_read_all_stats, else other users' statements can't be told apart
-- cost: moderate; reads the numbers of all statements without their texts, asked for the session that is opened
-- param: $1 text query_id = 0
-- param: $2 text datname = postgres
select
  pg_catalog.sum(s.calls)::float8 as calls,
  pg_catalog.sum(s.total_exec_time)::float8 as total_ms,
  (pg_catalog.sum(s.total_exec_time) / nullif(pg_catalog.sum(s.calls), 0))::float8 as mean_ms,
  pg_catalog.max(s.max_exec_time)::float8 as max_ms,
  pg_catalog.sum(s.rows)::float8 as rows,
  pg_catalog.sum(s.shared_blks_hit)::float8 as shared_blks_hit,
  pg_catalog.sum(s.shared_blks_read)::float8 as shared_blks_read,
  pg_catalog.sum(s.temp_blks_written)::float8 as temp_blks_written
from pg_stat_statements(false) s
where s.queryid::text = $1::text and s.dbid = (select d.oid from pg_catalog.pg_database d where d.datname = $2::text)
having pg_catalog.count(*) > 0
