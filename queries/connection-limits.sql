-- connection-limits: the roles and databases that have a limit of connections of their own, and how many they use
-- source: pg_roles.rolconnlimit, pg_database.datconnlimit, pg_stat_activity
-- needs: server >= 13
-- privilege: pg_read_all_stats, else parallel workers of other users are counted too
-- cost: cheap
with used as materialized (
  select a.usesysid, a.datid
  from pg_catalog.pg_stat_activity a
  where a.backend_type = 'client backend' or (a.backend_type is null and a.usesysid is not null and a.datid is not null)
)
select l.kind, l.name, l.used, l.connection_limit
from (
  select 'role' as kind, r.rolname::text as name, (select pg_catalog.count(*) from used u where u.usesysid = r.oid)::int4 as used, r.rolconnlimit as connection_limit
  from pg_catalog.pg_roles r
  where r.rolconnlimit >= 0 and r.rolcanlogin and not r.rolsuper
  union all
  select 'database', d.datname::text, (select pg_catalog.count(*) from used u where u.datid = d.oid)::int4, d.datconnlimit
  from pg_catalog.pg_database d
  where d.datconnlimit >= 0 and d.datallowconn
) l
order by l.used::float8 / greatest(1, l.connection_limit) desc, l.kind, l.name
limit 200
