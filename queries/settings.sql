-- settings: what differs from the built-in default, or waits for a restart
-- source: pg_settings; secrets in values are masked on the server
-- needs: server >= 13
-- privilege: pg_read_all_settings (in pg_monitor), else paths, connection strings and the file of a setting are hidden
-- cost: cheap
with setting as (
  select
    s.name,
    -- What this session has set is not what others run with.
    case when s.source in ('session', 'client', 'interactive', 'test') then s.reset_val else s.setting end as value,
    s.boot_val,
    s.unit,
    s.category,
    s.short_desc,
    s.context,
    case when s.source in ('session', 'client', 'interactive', 'test') then null else s.source end as source,
    s.sourcefile,
    s.sourceline,
    s.pending_restart
  from pg_catalog.pg_settings s
  where s.source <> 'client' and s.context <> 'internal'
    and s.name not in ('application_name', 'transaction_read_only', 'transaction_isolation', 'transaction_deferrable', 'session_authorization', 'role')
)
select
  s.name,
  -- What is called a secret, or makes one, is one: app.api_key, ssl_passphrase_command.
  case when s.name ~* 'passw|passphrase|secret|token|api_?key|access_?key' and s.name <> 'password_encryption' and s.value <> '' then '***'
  else pg_catalog.regexp_replace(
    pg_catalog.regexp_replace(s.value, '((?:password|passwd|secret|token|api_?key|access_?key)[a-z_]*\s*[=:]\s*)(''(?:[^'']|'''')*''|"[^"]*"|[^\s;,]+)', '\1***', 'gi'),
    '(://[^:/@\s]*:)[^@\s]*@', '\1***@', 'g') end as value,
  s.boot_val,
  s.unit,
  s.category,
  s.short_desc,
  s.context,
  s.source,
  s.sourcefile,
  s.sourceline,
  s.pending_restart
from setting s
where s.pending_restart or (s.value is distinct from s.boot_val and s.source is distinct from 'default' and s.source is distinct from 'override')
order by s.name
