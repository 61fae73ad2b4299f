-- slots: replication slots, what they keep from being removed, and how near they are to being lost
-- source: pg_replication_slots; conflicting is new in 16, inactive_since, invalidation_reason, failover and synced in 17
-- needs: server >= 13
-- privilege: none
-- cost: cheap
select
  s.slot_name::text as slot_name,
  s.slot_type as slot_type,
  s.plugin::text as plugin,
  s.database::text as database,
  s.temporary as temporary,
  s.active as active,
  s.active_pid::int4 as active_pid,
  -- A lost slot has no restart_lsn and no safe_wal_size any more: by its numbers it looks healthy, only this tells.
  s.wal_status as wal_status,
  pg_catalog.pg_wal_lsn_diff(here.lsn, s.restart_lsn)::float8 as retained_bytes,
  s.safe_wal_size::float8 as safe_bytes,
  pg_catalog.pg_wal_lsn_diff(here.lsn, s.confirmed_flush_lsn)::float8 as unconfirmed_bytes,
  s.restart_lsn is null as unreserved,
  pg_catalog.age(s.xmin)::int4 as xmin_age,
  pg_catalog.age(s.catalog_xmin)::int4 as catalog_xmin_age,
  (newer.j ->> 'conflicting')::bool as conflicting,
  newer.j ->> 'invalidation_reason' as invalidation_reason,
  pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() - (newer.j ->> 'inactive_since')::timestamptz)::float8 as inactive_s,
  coalesce((newer.j ->> 'failover')::bool, false) as failover,
  coalesce((newer.j ->> 'synced')::bool, false) as synced
from pg_catalog.pg_replication_slots s
cross join lateral (select pg_catalog.to_jsonb(s) as j) newer
cross join (
  select case
    when pg_catalog.pg_is_in_recovery() then greatest(pg_catalog.pg_last_wal_receive_lsn(), pg_catalog.pg_last_wal_replay_lsn())
    else pg_catalog.pg_current_wal_lsn()
  end as lsn
) here
order by s.slot_name
