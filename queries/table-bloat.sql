-- table-bloat: how many pages the largest tables have beyond what their rows should take
-- source: pg_class.reltuples and relpages as of the last vacuum or analyze, average widths of pg_stats
-- needs: server >= 13
-- privilege: select on the tables (pg_read_all_data since 14): pg_stats tells widths of readable columns only, else the estimate is unknown
-- cost: moderate; the 200 largest tables
with table_settings as (
  select
    c.oid,
    n.nspname,
    c.relname,
    c.relpages,
    c.reltuples,
    coalesce((select r.option_value from pg_catalog.pg_options_to_table(c.reloptions) r where r.option_name = 'fillfactor'), '100')::float8 as fill,
    pg_catalog.current_setting('block_size')::float8 as block_size
  from pg_catalog.pg_class c
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  where c.relkind in ('r', 'm') and c.relpages > 0 and c.reltuples >= 0 and c.relpersistence <> 't'
    and n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast')
  order by c.relpages desc, c.oid
  limit 200
),
width as (
  select
    t.*,
    s.data_width,
    s.has_nulls,
    a.columns,
    s.columns_known
  from table_settings t
  cross join lateral (
    select
      pg_catalog.sum((1 - p.null_frac) * p.avg_width) as data_width,
      pg_catalog.max(p.null_frac) > 0 as has_nulls,
      pg_catalog.count(distinct p.attname) as columns_known
    from pg_catalog.pg_stats p
    where p.schemaname = t.nspname and p.tablename = t.relname and not p.inherited
  ) s
  cross join lateral (
    select pg_catalog.count(*) as columns from pg_catalog.pg_attribute a where a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped
  ) a
),
row_width as (
  select
    w.*,
    -- Item pointer, header with its null bitmap, data, both rounded up to eight bytes.
    4 + pg_catalog.ceil((23 + case when w.has_nulls then pg_catalog.ceil(w.columns / 8.0) else 0 end) / 8.0) * 8 + pg_catalog.ceil(w.data_width / 8.0) * 8 as tuple_width
  from width w
),
needed as (
  select
    r.*,
    case when r.columns_known = r.columns and r.columns > 0
      then pg_catalog.ceil(r.reltuples / greatest(1, pg_catalog.floor((r.block_size - 24) * r.fill / 100 / r.tuple_width)))
    end as needed_pages
  from row_width r
)
select
  d.oid::text as relid,
  d.nspname::text as nspname,
  d.relname::text as relname,
  (d.relpages * d.block_size)::float8 as heap_bytes,
  (case when d.needed_pages is not null then greatest(0, d.relpages - d.needed_pages) end * d.block_size)::float8 as bloat_bytes,
  d.fill as fillfactor,
  d.reltuples::float8 as table_rows,
  d.columns_known::int4 as columns_known,
  d.columns::int4 as columns,
  pg_catalog.date_part('epoch', pg_catalog.statement_timestamp()
    - greatest(pg_catalog.pg_stat_get_last_analyze_time(d.oid), pg_catalog.pg_stat_get_last_autoanalyze_time(d.oid)))::float8 as analyze_s
from needed d
order by bloat_bytes desc nulls last, d.oid
