-- index-definition: how one index was created
-- source: pg_get_indexdef()
-- needs: server >= 13
-- privilege: none
-- cost: cheap; null where somebody holds or awaits an ACCESS EXCLUSIVE lock on the index or its table
-- param: $1 text indexrelid = 0
select
  i.indexrelid::text as indexrelid,
  case
    when not exists (
      select from pg_catalog.pg_locks l where l.mode = 'AccessExclusiveLock' and l.relation in (i.indexrelid, i.indrelid)
    ) then pg_catalog.pg_get_indexdef(i.indexrelid)
  end as definition
from pg_catalog.pg_index i
where i.indexrelid = $1::text::pg_catalog.oid
