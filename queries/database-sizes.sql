-- database-sizes: size, owner, tablespace and encoding of every database
-- source: pg_database, pg_database_size()
-- needs: server >= 13
-- privilege: connect on the database or pg_read_all_stats, else its size is unknown
-- cost: heavy; walks the files of each database
select
  d.oid::text as datid,
  d.datname::text as datname,
  d.datname = pg_catalog.current_database() as here,
  d.datistemplate as template,
  -- One forbidden size would refuse the whole answer.
  case
    when pg_catalog.has_database_privilege(d.oid, 'connect') or pg_catalog.pg_has_role('pg_read_all_stats', 'usage')
      then pg_catalog.pg_database_size(d.oid)
  end::float8 as size_bytes,
  pg_catalog.pg_get_userbyid(d.datdba)::text as owner,
  t.spcname::text as spcname,
  pg_catalog.pg_encoding_to_char(d.encoding)::text as encoding,
  d.datcollate::text as datcollate,
  d.datallowconn as connectable
from pg_catalog.pg_database d
left join pg_catalog.pg_tablespace t on t.oid = d.dattablespace
order by size_bytes desc nulls last, d.oid
