-- actions/cancel: per target the statement that cancels its running query, or why it can't be cancelled
-- source: pg_stat_activity, pg_roles, pg_stat_progress_create_index, pg_stat_progress_vacuum, pg_stat_progress_cluster
-- needs: server >= 13
-- privilege: the same role, else pg_signal_backend (never for superusers) with pg_read_all_stats; superuser or pg_signal_autovacuum_worker (18) for autovacuum
-- cost: cheap; asked when a question is made
-- param: $1 int4[] pids = {0}
-- param: $2 text[] backend_start = {2001-02-03 04:05:06.123456+00}
-- param: $3 text[] xact_start = {NULL}
-- param: $4 text[] query_start = {NULL}
with wanted as (
  select u.place, u.pid, u.backend_start, u.xact_start, u.query_start
  from rows from (
    pg_catalog.unnest($1::int4[]), pg_catalog.unnest($2::text[]), pg_catalog.unnest($3::text[]), pg_catalog.unnest($4::text[])
  ) with ordinality as u(pid, backend_start, xact_start, query_start, place)
),
target as (
  select
    w.place,
    w.pid,
    a.pid is null as gone,
    a.backend_type = 'client backend' and a.state in ('idle', 'disabled') as idle,
    w.backend_start,
    w.xact_start,
    w.query_start,
    a.usename::text as usename,
    a.datname::text as datname,
    a.application_name,
    coalesce(pg_catalog.host(a.client_addr), case when a.client_port = -1 then 'local' end) as client,
    a.backend_type,
    a.state,
    a.query,
    a.backend_xid is not null as has_xid,
    a.xact_start as current_xact_start,
    r.rolsuper as superuser,
    case
      when a.pid is null then 'it is gone already'
      when a.pid = pg_catalog.pg_backend_pid() or a.application_name = 'pgperf' or a.application_name like 'pgperf %' then 'it is pgperf itself'
      when a.backend_start is null then
        pg_catalog.format('pgperf can''t prove that it is still the same session: grant pg_read_all_stats to %I', current_user)
      when a.backend_type = 'parallel worker' then
        'a parallel worker' || coalesce(' of ' || a.leader_pid::text, '') || ': choose its leader'
      when a.backend_type = 'walsender' then 'a walsender sends WAL: cancel does nothing there, terminate ends it'
      when a.backend_type not in ('client backend', 'autovacuum worker') then 'a ' || a.backend_type || ' is part of the server: not from here'
      when a.backend_start is distinct from w.backend_start::timestamptz then 'it has gone, and its process number belongs to another session now'
      when a.state like 'idle in transaction%' then 'it is idle in transaction: cancel does nothing there, terminate ends it'
      when a.state not in ('active', 'fastpath function call') then 'it runs nothing: there is nothing to cancel'
      when a.query_start is distinct from w.query_start::timestamptz then 'it has ended that query and runs another'
      when a.xact_start is distinct from w.xact_start::timestamptz then 'it has ended that transaction'
      when me.rolsuper then null
      when r.rolsuper then 'it belongs to a superuser: only a superuser may signal it'
      when a.usesysid is null then
        case when not me.signal_autovacuum then 'an autovacuum worker: ' || case
          when pg_catalog.current_setting('server_version_num')::int4 >= 180000 then pg_catalog.format('grant pg_signal_autovacuum_worker to %I', current_user)
          else 'only a superuser may signal it before PostgreSQL 18'
        end end
      when not (me.signal_backend or pg_catalog.pg_has_role(a.usesysid, 'usage')) then
        pg_catalog.format('it belongs to another role: grant pg_signal_backend to %I', current_user)
    end as why
  from wanted w
  left join pg_catalog.pg_stat_activity a on a.pid = w.pid
  left join pg_catalog.pg_roles r on r.oid = a.usesysid
  cross join (
    select
      coalesce(pg_catalog.bool_or(m.rolname = current_user and m.rolsuper), false) as rolsuper,
      coalesce(pg_catalog.bool_or(m.rolname = 'pg_signal_backend' and pg_catalog.pg_has_role(m.oid, 'usage')), false) as signal_backend,
      coalesce(pg_catalog.bool_or(m.rolname = 'pg_signal_autovacuum_worker' and pg_catalog.pg_has_role(m.oid, 'usage')), false) as signal_autovacuum
    from pg_catalog.pg_roles m
  ) me
)
select
  t.pid::text as target,
  t.pid,
  case when t.why is null then
    pg_catalog.format('select pg_cancel_backend(pid) from pg_stat_activity where pid = %s', t.pid)
      || pg_catalog.chr(10) || pg_catalog.format(' and backend_start = %L', t.backend_start)
      || pg_catalog.chr(10) || case when t.xact_start is null then ' and xact_start is null' else pg_catalog.format(' and xact_start = %L', t.xact_start) end
      || pg_catalog.chr(10) || case when t.query_start is null then ' and query_start is null' else pg_catalog.format(' and query_start = %L', t.query_start) end
      || pg_catalog.chr(10) || pg_catalog.format(' and state = %L', t.state)
  end as statement,
  t.why is null as ready,
  t.why,
  coalesce(t.gone or t.idle, false) as nothing,
  (
    select pg_catalog.string_agg(case when many.targets > 1 then t.pid::text || ': ' || n.line else n.line end, pg_catalog.chr(10) order by n.place)
    from (
      values
        (1, case when t.has_xid then case
          when t.current_xact_start = t.query_start::timestamptz then 'has written: its statement fails and rolls back, there was none before it'
          else 'has written: the whole transaction fails and rolls back' end end),
        (2, case when t.superuser then 'a session of the superuser ' || t.usename end),
        (3, case when t.backend_type = 'walsender' then 'a walsender: its standby or subscriber loses the stream and connects again' end),
        (4, case when t.backend_type = 'walsender' and t.application_name in ('pg_basebackup', 'pg_receivewal') then
          t.application_name || ' fails' || case when t.application_name = 'pg_basebackup' then ': the base backup starts from the beginning' else '' end end),
        (5, case when t.application_name in ('pg_dump', 'pg_dumpall', 'pg_restore') then 'a ' || t.application_name || ': it fails, and starts from the beginning' end),
        (6, case when t.backend_type = 'autovacuum worker' then
          case when t.query like '%(to prevent wraparound)%' then 'autovacuum against wraparound: it starts again at once, and must be let through one day'
          else 'autovacuum: it starts again from the beginning, within a minute or so' end end),
        (7, (
          select p.command || coalesce(' of ' || case when p.datid = d.oid then p.relid::regclass::text end, '')
            || ', ' || p.phase || coalesce(pg_catalog.format(', %s %% of the phase done', 100 * p.blocks_done / nullif(p.blocks_total, 0)), '') || ': the work is lost'
            || case when p.command like '%CONCURRENTLY' then ', and it leaves an invalid index behind' else '' end
          from pg_catalog.pg_stat_progress_create_index p, pg_catalog.pg_database d
          where p.pid = t.pid and d.datname = pg_catalog.current_database()
        )),
        (8, (
          select pg_catalog.format('VACUUM, %s, %s %% scanned: dead rows already removed stay removed', p.phase, 100 * p.heap_blks_scanned / nullif(p.heap_blks_total, 0))
          from pg_catalog.pg_stat_progress_vacuum p where p.pid = t.pid and t.backend_type <> 'autovacuum worker'
        )),
        (9, (select p.command || ', ' || p.phase || ': the work is lost' from pg_catalog.pg_stat_progress_cluster p where p.pid = t.pid))
    ) n(place, line)
    where n.line is not null
  ) as note,
  t.usename,
  t.datname,
  t.application_name,
  t.client,
  t.backend_type,
  t.state,
  pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() - t.current_xact_start)::float8 as xact_s,
  t.has_xid,
  coalesce(t.superuser, false) as superuser,
  t.backend_type = 'autovacuum worker' and t.query like '%(to prevent wraparound)%' as wraparound,
  t.backend_start,
  t.query_start
from target t
cross join (select pg_catalog.count(*)::int4 as targets from wanted) many
order by t.place
