-- checkpoints: checkpoints by cause, and who wrote the buffers out
-- source: pg_stat_checkpointer (num_done and slru_written new in 18), pg_stat_bgwriter, pg_stat_io for what other processes wrote
-- needs: server >= 18
-- privilege: none
-- cost: cheap
select
  c.num_timed::float8 as timed,
  c.num_requested::float8 as requested,
  c.num_done::float8 as done,
  c.restartpoints_timed::float8 as restartpoints_timed,
  c.restartpoints_req::float8 as restartpoints_requested,
  c.restartpoints_done::float8 as restartpoints_done,
  c.write_time::float8 as write_time,
  c.sync_time::float8 as sync_time,
  c.buffers_written::float8 as buffers_checkpoint,
  c.slru_written::float8 as slru_checkpoint,
  b.buffers_clean::float8 as buffers_clean,
  b.maxwritten_clean::float8 as maxwritten_clean,
  ((select pg_catalog.sum(i.write_bytes) from pg_catalog.pg_stat_io i where i.object = 'relation' and i.backend_type not in ('checkpointer', 'background writer', 'startup')) / pg_catalog.current_setting('block_size')::int4)::float8 as buffers_backend,
  (select pg_catalog.sum(i.fsyncs) from pg_catalog.pg_stat_io i where i.object = 'relation' and i.backend_type not in ('checkpointer', 'background writer', 'startup'))::float8 as buffers_backend_fsync,
  b.buffers_alloc::float8 as buffers_alloc,
  pg_catalog.date_part('epoch', c.stats_reset)::float8 as stats_since,
  pg_catalog.date_part('epoch', pg_catalog.statement_timestamp() - c.stats_reset)::float8 as stats_s
from pg_catalog.pg_stat_checkpointer c
cross join pg_catalog.pg_stat_bgwriter b
order by stats_since
