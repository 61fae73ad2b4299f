-- actions/find: the relations that names typed in a shell stand for, with or without schema, quoted or not
-- source: pg_class, pg_namespace
-- needs: server >= 13
-- privilege: none
-- cost: cheap
-- param: $1 text[] names = {shop.orders}
-- param: $2 text[] kinds = {r,p}
select
  w.name,
  c.oid::text as oid,
  n.nspname::text as nspname,
  c.relname::text as relname,
  pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) as relation
from pg_catalog.unnest($1::text[]) with ordinality as w(name, place)
cross join pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.relkind::text = any ($2::text[])
  and w.name in (
    c.relname, pg_catalog.quote_ident(c.relname), n.nspname || '.' || c.relname, pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname))
  and n.nspname not in ('pg_toast', 'information_schema') and n.nspname not like 'pg\_temp\_%' and n.nspname not like 'pg\_toast\_temp\_%'
order by w.place, n.nspname, c.relname, c.oid
