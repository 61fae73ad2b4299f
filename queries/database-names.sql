-- database-names: the databases that can be connected to
-- source: pg_database
-- needs: server >= 13
-- privilege: none
-- cost: cheap
select d.datname::text as datname
from pg_catalog.pg_database d
where d.datallowconn and not d.datistemplate
order by d.datname
