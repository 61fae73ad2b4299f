-- io: what kinds of process read, wrote and extended, by object and context
-- source: pg_stat_io (new in 16): operations of op_bytes each
-- needs: server >= 16
-- privilege: none
-- cost: cheap
select
  i.backend_type,
  i.object,
  i.context,
  i.reads::float8 as reads,
  (i.reads * i.op_bytes)::float8 as read_bytes,
  i.read_time::float8 as read_time,
  i.writes::float8 as writes,
  (i.writes * i.op_bytes)::float8 as write_bytes,
  i.write_time::float8 as write_time,
  (i.extends * i.op_bytes)::float8 as extend_bytes,
  i.hits::float8 as hits,
  i.evictions::float8 as evictions,
  i.reuses::float8 as reuses,
  i.fsyncs::float8 as fsyncs,
  i.fsync_time::float8 as fsync_time,
  pg_catalog.date_part('epoch', i.stats_reset)::float8 as stats_since
from pg_catalog.pg_stat_io i
where coalesce(i.reads, 0) + coalesce(i.writes, 0) + coalesce(i.extends, 0) + coalesce(i.hits, 0) + coalesce(i.fsyncs, 0) > 0
order by i.backend_type, i.object, i.context
