-- extensions: the extensions of this database, and whether a newer version lies on the server
-- source: pg_extension, pg_available_extensions
-- needs: server >= 13
-- privilege: none
-- cost: cheap
select
  e.extname::text as name,
  e.extversion as version,
  a.default_version as available,
  n.nspname::text as schema,
  a.comment as about
from pg_catalog.pg_extension e
join pg_catalog.pg_namespace n on n.oid = e.extnamespace
left join pg_catalog.pg_available_extensions a on a.name = e.extname
order by e.extname
