-- database-names: the databases that can be connected to, at most 20,000, and whether this role may
-- source: pg_database
-- needs: server >= 13
-- privilege: none
-- cost: cheap; asked when another one is to be chosen
select d.datname::text as datname, pg_catalog.has_database_privilege(d.oid, 'connect') as connectable
from pg_catalog.pg_database d
where d.datallowconn and not d.datistemplate
order by d.datname
limit 20000
