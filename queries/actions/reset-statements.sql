-- actions/reset-statements: the statement that lets pg_stat_statements count from zero, and what is forgotten by it
-- source: pg_extension, pg_proc, pg_stat_statements
-- needs: extension pg_stat_statements >= 1.8
-- privilege: superuser or execute on pg_stat_statements_reset()
-- cost: cheap; asked when a question is made
select
  'pg_stat_statements'::text as target,
  case when may.reset then pg_catalog.format('select %I.pg_stat_statements_reset()', n.nspname) end as statement,
  null::text as step_group,
  may.reset as ready,
  case when not may.reset then pg_catalog.format('grant execute on function %s to %I', p.oid::regprocedure::text, current_user) end as why,
  'every statement''s calls, times and blocks are forgotten, of all databases and users: other tools that read them see it too' as note,
  'reset'::text as typed
from pg_catalog.pg_extension e
join pg_catalog.pg_namespace n on n.oid = e.extnamespace
join pg_catalog.pg_proc p on p.pronamespace = e.extnamespace and p.proname = 'pg_stat_statements_reset'
cross join lateral (select pg_catalog.has_function_privilege(p.oid, 'execute') as reset) may
where e.extname = 'pg_stat_statements'
order by p.oid
