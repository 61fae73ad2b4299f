-- actions/old-partitions: per partition the statements that detach or drop it, concurrently where that is possible
-- source: pg_inherits (inhdetachpending is new in 14), pg_partitioned_table, pg_class
-- needs: server >= 13
-- privilege: ownership of the parent
-- cost: cheap; asked when a question is made
-- param: $1 text parent = 0
-- param: $2 text[] oids = {0}
-- param: $3 text[] names = {events_2020_01}
-- param: $4 text what = detach
with parent as (
  select
    c.oid,
    pg_catalog.format('%I.%I', n.nspname, c.relname) as relation,
    c.relowner,
    p.partdefid <> 0 as has_default,
    pg_catalog.current_setting('server_version_num')::int4 >= 140000 and p.partdefid = 0 as concurrent
  from pg_catalog.pg_class c
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  join pg_catalog.pg_partitioned_table p on p.partrelid = c.oid
  where c.oid = $1::text::oid
),
target as (
  select
    w.place,
    p.oid as parent_oid,
    p.relation as parent,
    p.has_default,
    c.oid,
    coalesce(pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname), w.name) as relation,
    leaves.rows,
    leaves.bytes,
    leaves.unknown,
    coalesce((pg_catalog.to_jsonb(i) ->> 'inhdetachpending')::bool, false) as pending,
    p.concurrent,
    c.oid is null as gone,
    case
      when pg_catalog.pg_is_in_recovery() then 'this is a standby: do it on the primary'
      when c.oid is null then 'it is no partition any more'
      when $4::text not in ('detach', 'drop') then 'choose detach or drop'
      when not pg_catalog.pg_has_role(p.relowner, 'usage') then pg_catalog.format('%s belongs to %I: only its owner may do this', p.relation, pg_catalog.pg_get_userbyid(p.relowner))
      when not pg_catalog.pg_has_role(c.relowner, 'usage') then pg_catalog.format('it belongs to %I: only its owner may do this', pg_catalog.pg_get_userbyid(c.relowner))
      when c.oid = (select d.partdefid from pg_catalog.pg_partitioned_table d where d.partrelid = p.oid) then 'it is the default partition'
    end as why
  from rows from (pg_catalog.unnest($2::text[]), pg_catalog.unnest($3::text[])) with ordinality as w(oid, name, place)
  cross join parent p
  left join pg_catalog.pg_inherits i on i.inhrelid = w.oid::oid and i.inhparent = p.oid
  left join pg_catalog.pg_class c on c.oid = i.inhrelid
  left join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  -- What is partitioned itself holds nothing: its own partitions do. Never analyzed is -1 (14 and newer), or 0 rows on 0 pages.
  left join lateral (
    with recursive tree as (
      select c.oid
      union all
      select h.inhrelid from tree u join pg_catalog.pg_inherits h on h.inhparent = u.oid
    )
    select
      pg_catalog.sum(greatest(l.reltuples, 0))::float8 as rows,
      pg_catalog.sum(l.relpages::float8 * pg_catalog.current_setting('block_size')::float8) as bytes,
      pg_catalog.bool_or(l.reltuples <= 0 and l.relpages = 0) as unknown
    from tree u
    join pg_catalog.pg_class l on l.oid = u.oid and l.relkind <> 'p'
  ) leaves on true
)
select
  t.relation as target,
  s.statement,
  s.step_group,
  t.why is null as ready,
  t.why,
  t.gone as nothing,
  case when t.why is null then
    pg_catalog.concat_ws(pg_catalog.chr(10),
      pg_catalog.format('%s: %s, %s', t.relation,
        case
          when t.bytes is null then 'without any partition of its own'
          when t.unknown and t.bytes = 0 then 'how much is in it is not known, it was never analyzed'
          else pg_catalog.format('%s %s rows, %s', case when t.unknown then 'at least' else 'about' end, t.rows, pg_catalog.pg_size_pretty(t.bytes::numeric))
        end,
        case when $4::text = 'drop' then 'gone for good' else 'stays as a table of its own' end),
      case
        when t.concurrent or t.pending then 'detached concurrently: readers and writers of ' || t.parent || ' go on; waits for their open transactions'
        else 'nobody can read or write ' || t.parent || ' for a moment; it is tried for 300 ms at a time'
          || case when t.has_default then ' (not concurrently, because it has a default partition)' else '' end
      end)
  end as note,
  pg_catalog.concat_ws(',', t.parent_oid::text, t.oid::text) as relids,
  not t.concurrent as queue,
  case when (select pg_catalog.count(*) from target o where o.why is null) > 1 then t.parent else t.relation end as typed
from target t
cross join lateral (
  select 1 as step, 'set lock_timeout = 0' as statement, null::text as step_group where t.why is null and (t.concurrent or t.pending)
  union all
  select 2, pg_catalog.format('alter table %s detach partition %s %s', t.parent, t.relation, case when t.pending then 'finalize' else 'concurrently' end), null
  where t.why is null and (t.concurrent or t.pending)
  union all
  select x.step, x.statement, 'short'
  from (
    values
      (3, 'begin'),
      (4, 'set local lock_timeout = ''300ms'''),
      (5, case when not t.concurrent and not t.pending then pg_catalog.format('alter table %s detach partition %s', t.parent, t.relation) end),
      (6, case when $4::text = 'drop' then 'drop table ' || t.relation end),
      (7, 'commit')
  ) x(step, statement)
  where t.why is null and x.statement is not null and ($4::text = 'drop' or not (t.concurrent or t.pending))
  union all
  select 1, null, null where t.why is not null
) s
order by t.place, s.step
