-- actions/waiters: who waits for a lock on these relations: while somebody does, another request would only make the queue longer
-- source: pg_locks, pg_stat_activity
-- needs: server >= 13
-- privilege: none
-- cost: cheap; asked before each try of a short DDL
-- param: $1 text[] oids = {0}
select
  l.relation::regclass::text as relation,
  l.pid,
  l.mode,
  a.application_name
from pg_catalog.pg_locks l
left join pg_catalog.pg_stat_activity a on a.pid = l.pid
where not l.granted and l.locktype = 'relation' and l.pid <> pg_catalog.pg_backend_pid()
  and l.database = (select d.oid from pg_catalog.pg_database d where d.datname = pg_catalog.current_database())
  and l.relation = any ($1::text[]::oid[])
order by l.relation, l.pid, l.mode
