-- statement-text: the whole text of one statement
-- source: pg_stat_statements(true), which reads the file of texts as a whole
-- needs: extension pg_stat_statements >= 1.8
-- privilege: pg_read_all_stats, else other users' texts are hidden
-- cost: heavy; asked for the row that is opened
-- param: $1 text queryid = 0
-- param: $2 text userid = 0
-- param: $3 text dbid = 0
select
  e.query,
  e.dbid = (select d.oid from pg_catalog.pg_database d where d.datname = pg_catalog.current_database()) as here
from pg_stat_statements(true) e
where e.queryid = $1::text::int8
order by (e.userid::text = $2::text and e.dbid::text = $3::text) desc, e.userid, e.dbid, e.query
limit 1
