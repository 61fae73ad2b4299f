-- checkpoints: checkpoints by cause, and who wrote the buffers out
-- source: pg_stat_bgwriter
-- needs: server >= 13
-- privilege: none
-- cost: cheap
select
  b.checkpoints_timed::float8 as timed,
  b.checkpoints_req::float8 as requested,
  null::float8 as done,
  null::float8 as restartpoints_timed,
  null::float8 as restartpoints_requested,
  null::float8 as restartpoints_done,
  b.checkpoint_write_time::float8 as write_time,
  b.checkpoint_sync_time::float8 as sync_time,
  b.buffers_checkpoint::float8 as buffers_checkpoint,
  null::float8 as slru_checkpoint,
  b.buffers_clean::float8 as buffers_clean,
  b.maxwritten_clean::float8 as maxwritten_clean,
  b.buffers_backend::float8 as buffers_backend,
  b.buffers_backend_fsync::float8 as buffers_backend_fsync,
  b.buffers_alloc::float8 as buffers_alloc,
  pg_catalog.date_part('epoch', b.stats_reset)::float8 as stats_since,
  pg_catalog.date_part('epoch', pg_catalog.statement_timestamp() - b.stats_reset)::float8 as stats_s
from pg_catalog.pg_stat_bgwriter b
order by stats_since
