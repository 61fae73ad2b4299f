-- actions/resume-replay: the statement that lets a standby go on replaying, or why it must not
-- source: pg_is_wal_replay_paused(), recovery_target_* settings
-- needs: server >= 13
-- privilege: superuser or execute on pg_wal_replay_resume()
-- cost: cheap; asked when a question is made
select
  'replay of this standby'::text as target,
  case when reason.why is null then 'select pg_wal_replay_resume() where pg_is_in_recovery() and pg_is_wal_replay_paused()' end as statement,
  null::text as step_group,
  reason.why is null as ready,
  reason.why,
  not state.recovery or not state.paused as nothing,
  'whoever paused it had a reason: queries on it see newer rows from now on, and the place where it stood is gone' as note,
  'resume'::text as typed
from (
  select
    pg_catalog.pg_is_in_recovery() as recovery,
    case when pg_catalog.pg_is_in_recovery() then pg_catalog.pg_is_wal_replay_paused() else false end as paused,
    (select pg_catalog.string_agg(s.name, ', ' order by s.name) from pg_catalog.pg_settings s
      where s.name in ('recovery_target', 'recovery_target_time', 'recovery_target_lsn', 'recovery_target_xid', 'recovery_target_name') and s.setting <> '') as targets
) state
cross join lateral (
  select case
    when not state.recovery then 'it is a primary: it replays nothing'
    when not state.paused then 'its replay is not paused'
    when state.targets is not null then state.targets || ' is set: when it has reached that, going on would promote it'
    when not pg_catalog.has_function_privilege('pg_catalog.pg_wal_replay_resume()', 'execute') then
      pg_catalog.format('grant execute on function pg_wal_replay_resume() to %I', current_user)
  end as why
) reason
order by 1
