-- tables: size, rows, scans, vacuum and analyze, age and what autovacuum waits for, partitions summed up under their top table
-- source: pg_class, pg_stat_get_*() as in pg_stat_all_tables, settings and reloptions of autovacuum (its cap is new in 18)
-- needs: server >= 13
-- privilege: none
-- cost: moderate; 250 ms at 20,000 tables, of which the first by size, dead rows, age and rows read by sequential scans come back; sizes of those only, an estimate where somebody holds or awaits an ACCESS EXCLUSIVE lock
with recursive locked as materialized (
  select l.relation as oid
  from pg_catalog.pg_locks l
  where l.mode = 'AccessExclusiveLock' and l.relation is not null
    and l.database = (select d.oid from pg_catalog.pg_database d where d.datname = pg_catalog.current_database())
),
-- The size of a table asks for its indexes and for what it keeps out of line too.
locked_table as materialized (
  select l.oid from locked l
  union
  select i.indrelid from locked l join pg_catalog.pg_index i on i.indexrelid = l.oid
  union
  select c.oid from locked l join pg_catalog.pg_class c on c.reltoastrelid = l.oid where c.relkind in ('r', 'm')
  union
  select c.oid
  from locked l
  join pg_catalog.pg_index i on i.indexrelid = l.oid
  join pg_catalog.pg_class c on c.reltoastrelid = i.indrelid
  where c.relkind in ('r', 'm')
),
partition as (
  select i.inhrelid as oid, i.inhparent as top
  from pg_catalog.pg_inherits i
  join pg_catalog.pg_class p on p.oid = i.inhparent
  where p.relkind = 'p' and not p.relispartition
  union all
  select i.inhrelid, p.top
  from partition p
  join pg_catalog.pg_inherits i on i.inhparent = p.oid
),
index_pages as materialized (
  select i.indrelid, pg_catalog.sum(c.relpages) as pages
  from pg_catalog.pg_index i
  join pg_catalog.pg_class c on c.oid = i.indexrelid
  group by i.indrelid
),
leaf as materialized (
  select
    coalesce(p.top, c.oid) as top,
    c.oid,
    c.relpages::int8 + coalesce(o.relpages, 0) + coalesce(x.pages, 0) as pages,
    c.relpages,
    c.reltuples,
    c.reloptions,
    pg_catalog.pg_stat_get_live_tuples(c.oid) as live,
    pg_catalog.pg_stat_get_dead_tuples(c.oid) as dead,
    pg_catalog.pg_stat_get_tuples_returned(c.oid) as seq_tup_read,
    greatest(pg_catalog.age(c.relfrozenxid), pg_catalog.age(nullif(o.relfrozenxid, '0'))) as xid_age,
    greatest(pg_catalog.mxid_age(c.relminmxid), pg_catalog.mxid_age(nullif(o.relminmxid, '0'))) as mxid_age
  from pg_catalog.pg_class c
  left join pg_catalog.pg_class o on o.oid = c.reltoastrelid
  left join index_pages x on x.indrelid = c.oid
  left join partition p on p.oid = c.oid
  where c.relkind in ('r', 'm') and c.relpersistence <> 't'
),
summed as materialized (
  select
    f.top,
    pg_catalog.sum(f.pages) as pages,
    -- A table that nothing has analyzed yet has no pages in the catalog.
    pg_catalog.sum(f.live + f.dead) as tuples,
    pg_catalog.sum(f.dead) as dead,
    pg_catalog.sum(f.seq_tup_read) as seq_tup_read,
    pg_catalog.max(f.xid_age) as xid_age,
    pg_catalog.max(f.mxid_age) as mxid_age
  from leaf f
  group by f.top
),
listed as materialized (
  (select s.top from summed s order by s.pages desc, s.top limit 250)
  union
  (select s.top from summed s order by s.tuples desc, s.top limit 50)
  union
  (select s.top from summed s order by s.dead desc, s.top limit 100)
  union
  (select s.top from summed s order by s.seq_tup_read desc, s.top limit 100)
  union
  (select s.top from summed s order by s.xid_age desc, s.top limit 30)
  union
  (select s.top from summed s order by s.mxid_age desc, s.top limit 30)
),
chosen as materialized (
  select f.*, pg_catalog.row_number() over (order by f.pages desc, f.live desc, f.oid) <= 1000 and k.oid is null as exact
  from listed l
  join leaf f on f.top = l.top
  left join locked_table k on k.oid = f.oid
),
measured as (
  select f.*, options.*
  from chosen f
  cross join lateral (
    select
      coalesce(pg_catalog.max(r.option_value) filter (where r.option_name = 'autovacuum_enabled'), 'true')::bool as enabled,
      coalesce(pg_catalog.max(r.option_value) filter (where r.option_name = 'autovacuum_vacuum_threshold'),
        pg_catalog.current_setting('autovacuum_vacuum_threshold'))::float8 as vacuum_base,
      coalesce(pg_catalog.max(r.option_value) filter (where r.option_name = 'autovacuum_vacuum_scale_factor'),
        pg_catalog.current_setting('autovacuum_vacuum_scale_factor'))::float8 as vacuum_scale,
      coalesce(pg_catalog.max(r.option_value) filter (where r.option_name = 'autovacuum_vacuum_max_threshold'),
        pg_catalog.current_setting('autovacuum_vacuum_max_threshold', true))::float8 as vacuum_cap,
      coalesce(pg_catalog.max(r.option_value) filter (where r.option_name = 'autovacuum_vacuum_insert_threshold'),
        pg_catalog.current_setting('autovacuum_vacuum_insert_threshold'))::float8 as insert_base,
      coalesce(pg_catalog.max(r.option_value) filter (where r.option_name = 'autovacuum_vacuum_insert_scale_factor'),
        pg_catalog.current_setting('autovacuum_vacuum_insert_scale_factor'))::float8 as insert_scale,
      coalesce(pg_catalog.max(r.option_value) filter (where r.option_name = 'autovacuum_analyze_threshold'),
        pg_catalog.current_setting('autovacuum_analyze_threshold'))::float8 as analyze_base,
      coalesce(pg_catalog.max(r.option_value) filter (where r.option_name = 'autovacuum_analyze_scale_factor'),
        pg_catalog.current_setting('autovacuum_analyze_scale_factor'))::float8 as analyze_scale,
      least(pg_catalog.max(r.option_value::float8) filter (where r.option_name = 'autovacuum_freeze_max_age'),
        pg_catalog.current_setting('autovacuum_freeze_max_age')::float8) as freeze_at,
      least(pg_catalog.max(r.option_value::float8) filter (where r.option_name = 'autovacuum_multixact_freeze_max_age'),
        pg_catalog.current_setting('autovacuum_multixact_freeze_max_age')::float8) as mxid_freeze_at
    from pg_catalog.pg_options_to_table(f.reloptions) r
  ) options
),
due as (
  select
    m.*,
    greatest(m.reltuples, 0)::float8 as counted,
    m.vacuum_base + m.vacuum_scale * greatest(m.reltuples, 0) as vacuum_plain
  from measured m
),
told as (
  select
    d.top,
    pg_catalog.count(*)::int4 as parts,
    pg_catalog.sum(case when d.exact then coalesce(pg_catalog.pg_total_relation_size(d.oid), 0)::float8
      else d.pages * pg_catalog.current_setting('block_size')::float8 end) as size_bytes,
    pg_catalog.sum(case when d.exact then coalesce(pg_catalog.pg_indexes_size(d.oid), 0)::float8
      else coalesce(x.pages, 0)::float8 * pg_catalog.current_setting('block_size')::float8 end) as index_bytes,
    pg_catalog.bool_and(d.exact) as size_exact,
    pg_catalog.sum(nullif(d.reltuples, -1))::float8 as table_rows,
    pg_catalog.sum(d.live)::float8 as live,
    pg_catalog.sum(d.dead)::float8 as dead,
    pg_catalog.sum(pg_catalog.pg_stat_get_tuples_inserted(d.oid))::float8 as n_tup_ins,
    pg_catalog.sum(pg_catalog.pg_stat_get_tuples_updated(d.oid))::float8 as n_tup_upd,
    pg_catalog.sum(pg_catalog.pg_stat_get_tuples_deleted(d.oid))::float8 as n_tup_del,
    pg_catalog.sum(pg_catalog.pg_stat_get_tuples_hot_updated(d.oid))::float8 as n_tup_hot_upd,
    pg_catalog.sum(pg_catalog.pg_stat_get_numscans(d.oid))::float8 as seq_scan,
    pg_catalog.sum(d.seq_tup_read)::float8 as seq_tup_read,
    -- Null where there is no index at all: not the same as one that is never used.
    pg_catalog.sum((select pg_catalog.sum(pg_catalog.pg_stat_get_numscans(i.indexrelid)) from pg_catalog.pg_index i where i.indrelid = d.oid))::float8 as idx_scan,
    pg_catalog.min(greatest(pg_catalog.pg_stat_get_last_vacuum_time(d.oid), pg_catalog.pg_stat_get_last_autovacuum_time(d.oid))) as last_vacuum,
    pg_catalog.min(greatest(pg_catalog.pg_stat_get_last_analyze_time(d.oid), pg_catalog.pg_stat_get_last_autoanalyze_time(d.oid))) as last_analyze,
    pg_catalog.max(d.xid_age)::float8 as xid_age,
    pg_catalog.max(d.mxid_age)::float8 as mxid_age,
    pg_catalog.bool_and(d.enabled) as enabled,
    pg_catalog.max(d.dead / nullif(case when d.vacuum_cap >= 0 then least(d.vacuum_cap, d.vacuum_plain) else d.vacuum_plain end, 0)) as vacuum_due,
    pg_catalog.max(case when d.vacuum_cap >= 0 then least(d.vacuum_cap, d.vacuum_plain) else d.vacuum_plain end) as vacuum_at,
    pg_catalog.max(case when d.insert_base >= 0 then pg_catalog.pg_stat_get_ins_since_vacuum(d.oid) / nullif(d.insert_base + d.insert_scale * d.counted * f.unfrozen, 0) end) as insert_due,
    pg_catalog.max(pg_catalog.pg_stat_get_mod_since_analyze(d.oid) / nullif(d.analyze_base + d.analyze_scale * d.counted, 0)) as analyze_due,
    pg_catalog.max(greatest(d.xid_age / d.freeze_at, d.mxid_age / d.mxid_freeze_at)) as freeze_due
  from due d
  left join index_pages x on x.indrelid = d.oid
  cross join lateral (
    -- Since 18 the insert threshold counts only what is not frozen yet.
    select case
      when pg_catalog.current_setting('server_version_num')::int4 >= 180000 and d.relpages > 0
        then 1 - least(1, (select (pg_catalog.to_jsonb(c) ->> 'relallfrozen')::float8 from pg_catalog.pg_class c where c.oid = d.oid) / d.relpages)
      else 1
    end as unfrozen
  ) f
  group by d.top
)
select
  c.oid::text as relid,
  n.nspname::text as nspname,
  c.relname::text as relname,
  c.relkind::text as relkind,
  t.parts,
  t.size_bytes,
  t.index_bytes,
  t.size_exact,
  t.table_rows,
  t.live,
  t.dead,
  t.n_tup_ins,
  t.n_tup_upd,
  t.n_tup_del,
  t.n_tup_hot_upd,
  t.seq_scan,
  t.seq_tup_read,
  t.idx_scan,
  pg_catalog.date_part('epoch', pg_catalog.statement_timestamp() - t.last_vacuum)::float8 as vacuum_s,
  pg_catalog.date_part('epoch', pg_catalog.statement_timestamp() - t.last_analyze)::float8 as analyze_s,
  t.xid_age,
  t.mxid_age,
  pg_catalog.current_setting('autovacuum')::bool as autovacuum,
  t.enabled,
  t.vacuum_at::float8 as vacuum_at,
  t.vacuum_due::float8 as vacuum_due,
  t.insert_due::float8 as insert_due,
  t.analyze_due::float8 as analyze_due,
  t.freeze_due::float8 as freeze_due
from told t
join pg_catalog.pg_class c on c.oid = t.top
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
order by t.size_bytes desc, c.oid
