-- actions/leftovers: what an interrupted CONCURRENTLY left on these tables, each with the statement that cures it
-- source: pg_index.indisvalid, pg_inherits.inhdetachpending (new in 14), pg_stat_progress_create_index
-- needs: server >= 13
-- privilege: none
-- cost: cheap; asked after an action that failed or was cancelled
-- param: $1 text[] oids = {0}
select
  pg_catalog.format('%I.%I', n.nspname, c.relname) as relation,
  'invalid index' as leftover,
  case when c.relname ~ '_cc(new|old)[0-9]*$' or not i.indislive then pg_catalog.format('drop index concurrently %I.%I', n.nspname, c.relname)
    else pg_catalog.format('drop index concurrently %I.%I, or reindex index concurrently %I.%I', n.nspname, c.relname, n.nspname, c.relname)
  end as cure
from pg_catalog.pg_index i
join pg_catalog.pg_class c on c.oid = i.indexrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where i.indrelid = any ($1::text[]::oid[]) and not i.indisvalid and c.relkind = 'i'
  and not exists (select from pg_catalog.pg_stat_progress_create_index p where p.index_relid = i.indexrelid)
union all
select
  pg_catalog.format('%I.%I', n.nspname, c.relname),
  'partition that is half detached',
  pg_catalog.format('alter table %I.%I detach partition %I.%I finalize', pn.nspname, p.relname, n.nspname, c.relname)
from pg_catalog.pg_inherits h
join pg_catalog.pg_class p on p.oid = h.inhparent
join pg_catalog.pg_namespace pn on pn.oid = p.relnamespace
join pg_catalog.pg_class c on c.oid = h.inhrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where h.inhparent = any ($1::text[]::oid[]) and (pg_catalog.to_jsonb(h) ->> 'inhdetachpending')::bool
order by 2, 1
