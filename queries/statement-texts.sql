-- statement-texts: the beginning of the texts of some statements
-- source: pg_stat_statements(true), which reads the file of texts as a whole
-- needs: extension pg_stat_statements >= 1.8
-- privilege: pg_read_all_stats, else other users' texts are hidden
-- cost: heavy; 110 to 220 ms at 5,000 entries, so it is asked for unknown statements only
-- param: $1 text[] queryids = {0}
select distinct on (e.queryid)
  e.queryid::text as queryid,
  pg_catalog.left(e.query, 2000) as query
from pg_stat_statements(true) e
where e.queryid = any ($1::text[]::int8[])
order by e.queryid, e.userid, e.dbid, e.query
