-- actions/drop-slot: per replication slot the statement that drops it, and what dies with it; never an active one
-- source: pg_replication_slots; inactive_since, failover and synced are new in 17
-- needs: server >= 13
-- privilege: superuser or replication
-- cost: cheap; asked when a question is made
-- param: $1 text[] names = {standby}
with target as (
  select
    w.place,
    w.name,
    s.slot_type,
    s.database,
    s.wal_status,
    s.restart_lsn,
    newer.j ->> 'inactive_since' as inactive_since,
    coalesce((newer.j ->> 'failover')::bool, false) as failover,
    s.slot_name is null as gone,
    case
      when s.slot_name is null then 'it is gone already'
      when s.active then 'it is active (' || s.active_pid::text || '): its consumer is connected'
      when s.temporary then 'it is temporary: it goes with its session'
      when coalesce((newer.j ->> 'synced')::bool, false) then 'it is synced from the primary: drop it there'
      when not me.may then pg_catalog.format('%I may not: it needs the attribute replication', current_user)
      when s.wal_status = 'lost' then null
      when newer.j ->> 'inactive_since' is null then 'it is not lost, and since when it is inactive is not known before PostgreSQL 17'
      when (newer.j ->> 'inactive_since')::timestamptz > pg_catalog.statement_timestamp() - interval '24 hours'
        then 'it is inactive since ' || (newer.j ->> 'inactive_since') || ': its consumer may come back within 24 h'
    end as why
  from pg_catalog.unnest($1::text[]) with ordinality as w(name, place)
  left join pg_catalog.pg_replication_slots s on s.slot_name::text = w.name
  cross join lateral (select pg_catalog.to_jsonb(s) as j) newer
  cross join (select coalesce(pg_catalog.bool_or(r.rolsuper or r.rolreplication), false) as may from pg_catalog.pg_roles r where r.rolname = current_user) me
)
select
  t.name as target,
  case when t.why is null then
    pg_catalog.format('select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name = %L and not active', t.name)
      || pg_catalog.chr(10) || case when t.restart_lsn is null then ' and restart_lsn is null' else pg_catalog.format(' and restart_lsn = %L', t.restart_lsn) end
      || case when t.wal_status = 'lost' then ' and wal_status = ''lost''' else pg_catalog.format(' and inactive_since = %L', t.inactive_since) end
  end as statement,
  null::text as step_group,
  t.why is null as ready,
  t.why,
  t.gone as nothing,
  case when t.why is null then
    pg_catalog.concat_ws(pg_catalog.chr(10),
      t.name || ': ' || case
        when t.slot_type = 'physical' then 'its standby must be rebuilt, unless it can fetch the WAL from an archive'
        else 'its consumer in database ' || t.database || ' loses its position: it begins with a copy of everything'
      end || case when t.wal_status = 'lost' then '; that is so already: the slot is lost' else '' end,
      case when t.failover then t.name || ': a failover slot: it goes on the standbys too' end,
      case
        when t.name like 'repmgr\_slot\_%' then t.name || ': a slot of repmgr, which makes it again unless the node is unregistered'
        when t.name like 'pgautofailover\_standby\_%' then t.name || ': a slot of pg_auto_failover, which makes it again unless the node is dropped'
        when t.name like '\_cnpg\_%' then t.name || ': a slot of CloudNativePG, which makes it again unless the instance is removed'
        when t.name like 'stolon\_%' then t.name || ': a slot of stolon, which makes it again unless the keeper is removed'
        when exists (select from pg_catalog.pg_stat_activity a where a.application_name ilike 'patroni%')
          then t.name || ': Patroni runs here and makes its members'' slots again: remove the member instead'
      end)
  end as note,
  t.name as typed
from target t
order by t.place
