-- actions/maintain: per table the statements that analyze or vacuum it at the pace of autovacuum, and who is on it already
-- source: pg_class, settings and reloptions of autovacuum, pg_stat_activity, pg_stat_progress_vacuum
-- needs: server >= 13
-- privilege: ownership of the table or the database, or maintain on it (new in 17)
-- cost: cheap; asked when a question is made
-- param: $1 text[] oids = {0}
-- param: $2 text[] names = {shop.orders}
-- param: $3 text what = analyze
with wanted as (
  select u.place, u.oid::oid as oid, u.name
  from rows from (pg_catalog.unnest($1::text[]), pg_catalog.unnest($2::text[])) with ordinality as u(oid, name, place)
),
target as (
  select
    w.place,
    w.oid,
    coalesce(pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname), w.name) as relation,
    c.relkind,
    c.relpages::float8 * pg_catalog.current_setting('block_size')::float8 as bytes,
    coalesce(
      nullif(options.delay, '-1') || 'ms', nullif(pg_catalog.current_setting('autovacuum_vacuum_cost_delay'), '-1'), pg_catalog.current_setting('vacuum_cost_delay')) as delay,
    coalesce(
      nullif(options.cost, '-1'), nullif(pg_catalog.current_setting('autovacuum_vacuum_cost_limit'), '-1'), pg_catalog.current_setting('vacuum_cost_limit')) as cost,
    case
      when c.oid is null then 'it was dropped'
      when c.relkind not in ('r', 'm', 'p') then 'it is no table'
      when pg_catalog.pg_is_in_recovery() then 'this is a standby: its primary does this'
      when $3::text not in ('analyze', 'vacuum', 'vacuum and analyze') then 'choose analyze, vacuum, or vacuum and analyze'
      when not (
        pg_catalog.pg_has_role(c.relowner, 'usage')
        or (select pg_catalog.pg_has_role(d.datdba, 'usage') from pg_catalog.pg_database d where d.datname = pg_catalog.current_database())
        or case when pg_catalog.current_setting('server_version_num')::int4 >= 170000 then pg_catalog.has_table_privilege(c.oid, 'maintain') else false end) then
        pg_catalog.format('it belongs to %I: %s', pg_catalog.pg_get_userbyid(c.relowner), case
          when pg_catalog.current_setting('server_version_num')::int4 >= 170000
            then pg_catalog.format('grant maintain on %I.%I to %I', n.nspname, c.relname, current_user)
          else 'only its owner may do this before PostgreSQL 17' end)
      when manual.pid is not null then manual.pid::text || ' vacuums it now: ' || manual.phase
    end as why,
    worker.pid as worker,
    worker.wraparound,
    oldest.line as oldest
  from wanted w
  left join pg_catalog.pg_class c on c.oid = w.oid
  left join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  left join lateral (
    select
      pg_catalog.max(o.option_value) filter (where o.option_name = 'autovacuum_vacuum_cost_delay') as delay,
      pg_catalog.max(o.option_value) filter (where o.option_name = 'autovacuum_vacuum_cost_limit') as cost
    from pg_catalog.pg_options_to_table(c.reloptions) o
  ) options on true
  left join lateral (
    select v.pid, v.phase
    from pg_catalog.pg_stat_progress_vacuum v
    join pg_catalog.pg_stat_activity a on a.pid = v.pid
    where v.relid = c.oid and v.datname = pg_catalog.current_database() and a.backend_type = 'client backend'
    order by v.pid
    limit 1
  ) manual on true
  left join lateral (
    select a.pid, a.query like '%(to prevent wraparound)%' as wraparound
    from pg_catalog.pg_stat_activity a
    where a.backend_type = 'autovacuum worker' and a.datname = pg_catalog.current_database()
      and pg_catalog.strpos(a.query || ' ', ' ' || n.nspname || '.' || c.relname || ' ') > 0
    order by a.pid
    limit 1
  ) worker on true
  left join lateral (
    select a.pid::text || coalesce(' (' || a.usename || ', ' || a.state || ')', '') || ', open for '
      || pg_catalog.round(pg_catalog.date_part('epoch', pg_catalog.statement_timestamp() - a.xact_start)::numeric / 60) || ' min' as line
    from pg_catalog.pg_stat_activity a
    where a.backend_xmin is not null and a.xact_start < pg_catalog.statement_timestamp() - interval '5 minutes'
    order by pg_catalog.age(a.backend_xmin) desc, a.pid
    limit 1
  ) oldest on true
)
select
  t.relation as target,
  s.statement,
  null::text as step_group,
  t.why is null as ready,
  t.why,
  case when t.why is null then
    pg_catalog.concat_ws(pg_catalog.chr(10),
      t.relation || ': ' || case when t.relkind = 'p' then 'partitioned: all of its partitions'
        else 'about ' || pg_catalog.pg_size_pretty(t.bytes::numeric) end || ', readers and writers go on',
      case when t.worker is not null then t.relation || ': autovacuum (' || t.worker || ') is on it now'
        || case when t.wraparound then ', against wraparound: this waits until it is done' else ': it gives way to this, and comes back' end end,
      case when t.oldest is not null and $3::text like 'vacuum%' then 'rows deleted since the transaction of ' || t.oldest || ' stay' end)
  end as note,
  t.oid::text as relids,
  false as queue
from target t
cross join lateral (
  values
    (1, case when t.why is null then 'set lock_timeout = 0' end),
    (2, case when t.why is null and $3::text like 'vacuum%' then pg_catalog.format('set vacuum_cost_delay = %L', t.delay) end),
    (3, case when t.why is null and $3::text like 'vacuum%' then 'set vacuum_cost_limit = ' || t.cost end),
    (4, case when t.why is null then case $3::text
      when 'analyze' then 'analyze '
      when 'vacuum' then 'vacuum (truncate false) '
      else 'vacuum (truncate false, analyze) ' end || t.relation end)
) s(place, statement)
where s.statement is not null or (t.why is not null and s.place = 1)
order by t.place, s.place
