-- subscriptions: logical subscriptions of every database of this server, their workers, errors, and how many tables are not in step yet
-- source: pg_subscription (without its connection string, which only superusers may read), pg_stat_subscription, pg_subscription_rel, pg_stat_subscription_stats (new in 15)
-- needs: server >= 15
-- privilege: none; tables are known for the connected database only
-- cost: cheap
select
  s.subname::text as subname,
  d.datname::text as database,
  s.subenabled as enabled,
  s.subslotname::text as slot_name,
  w.pid::int4 as worker_pid,
  pg_catalog.array_to_string(s.subpublications, ', ') as publications,
  w.received_lsn::text as received_lsn,
  pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() - w.last_msg_receipt_time)::float8 as heard_s,
  pg_catalog.date_part('epoch', w.last_msg_receipt_time - w.last_msg_send_time)::float8 as transit_s,
  pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() - w.latest_end_time)::float8 as reported_s,
  tables.n as tables,
  tables.waiting as tables_not_ready,
  (e.j ->> 'apply_error_count')::float8 as apply_errors,
  -- Renamed in 19.
  coalesce(e.j ->> 'sync_error_count', e.j ->> 'sync_table_error_count')::float8 as sync_errors
from pg_catalog.pg_subscription s
join pg_catalog.pg_database d on d.oid = s.subdbid
left join lateral (
  select w.* from pg_catalog.pg_stat_subscription w where w.subid = s.oid and w.relid is null and pg_catalog.to_jsonb(w) ->> 'leader_pid' is null order by w.pid limit 1
) w on true
left join lateral (
  select pg_catalog.count(*)::int4 as n, pg_catalog.count(*) filter (where r.srsubstate <> 'r')::int4 as waiting
  from pg_catalog.pg_subscription_rel r where r.srsubid = s.oid
) tables on d.datname = pg_catalog.current_database()
left join lateral (select pg_catalog.to_jsonb(x) as j from pg_catalog.pg_stat_subscription_stats x where x.subid = s.oid) e on true
order by d.datname, s.subname
