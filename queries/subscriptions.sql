-- subscriptions: logical subscriptions of every database of this server, their workers and how many tables are not in step yet
-- source: pg_subscription (without its connection string, which only superusers may read), pg_stat_subscription, pg_subscription_rel
-- needs: server >= 13
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
  null::float8 as apply_errors,
  null::float8 as sync_errors
from pg_catalog.pg_subscription s
join pg_catalog.pg_database d on d.oid = s.subdbid
left join lateral (
  -- Before 14 only superusers may read pg_subscription.oid: two databases with a subscription of one name are taken for one.
  select w.* from pg_catalog.pg_stat_subscription w where w.subname = s.subname and w.relid is null order by w.pid limit 1
) w on true
left join lateral (
  select pg_catalog.count(*)::int4 as n, pg_catalog.count(*) filter (where r.srsubstate <> 'r')::int4 as waiting
  from pg_catalog.pg_subscription_rel r where r.srsubid = w.subid
) tables on d.datname = pg_catalog.current_database()
order by d.datname, s.subname
