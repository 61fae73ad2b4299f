-- xmin-horizon: who keeps vacuum from removing dead rows, the oldest first: sessions, prepared transactions, slots, standbys
-- source: pg_stat_activity, pg_prepared_xacts, pg_replication_slots, pg_stat_replication
-- needs: server >= 13
-- privilege: pg_read_all_stats, else what other users' sessions and standbys hold is hidden
-- cost: cheap
select
  h.kind,
  h.holder,
  h.pid,
  h.xid_age,
  h.of_catalog,
  h.datname,
  h.usename,
  h.application_name,
  h.state,
  h.since_s,
  h.query
from (
  select
    'session' as kind,
    a.pid::text as holder,
    a.pid,
    greatest(pg_catalog.age(a.backend_xmin), pg_catalog.age(a.backend_xid)) as xid_age,
    false as of_catalog,
    a.datname::text as datname,
    a.usename::text as usename,
    a.application_name,
    coalesce(a.state, a.backend_type) as state,
    pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() - a.xact_start)::float8 as since_s,
    pg_catalog.left(a.query, 300) as query
  from pg_catalog.pg_stat_activity a
  where (a.backend_xmin is not null or a.backend_xid is not null) and a.backend_type is distinct from 'walsender'
    and not coalesce(a.application_name = 'pgperf' or a.application_name like 'pgperf %', false)
  union all
  select 'prepared', p.gid, null, pg_catalog.age(p.transaction), false, p.database::text, p.owner::text, null, 'prepared',
    pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() - p.prepared)::float8, null
  from pg_catalog.pg_prepared_xacts p
  union all
  select 'slot', s.slot_name::text, s.active_pid, greatest(pg_catalog.age(s.xmin), pg_catalog.age(s.catalog_xmin)),
    coalesce(s.xmin is null or pg_catalog.age(s.catalog_xmin) > pg_catalog.age(s.xmin), false), s.database::text, null, null,
    case when s.active then 'active' else 'inactive' end, null, null
  from pg_catalog.pg_replication_slots s
  where s.xmin is not null or s.catalog_xmin is not null
  union all
  select 'standby', coalesce(nullif(r.application_name, ''), r.pid::text), r.pid, pg_catalog.age(r.backend_xmin), false, null, r.usename::text,
    r.application_name, r.state, null, null
  from pg_catalog.pg_stat_replication r
  where r.backend_xmin is not null
) h
order by h.xid_age desc, h.kind, h.holder
limit 50
