-- role-settings: what is set for single roles and databases, and so not what the server's own settings tell
-- source: pg_db_role_setting; secrets in values are masked on the server
-- needs: server >= 13
-- privilege: none
-- cost: cheap
select
  coalesce(d.datname::text, '(every database)') as datname,
  coalesce(r.rolname::text, '(every role)') as rolname,
  pg_catalog.split_part(c.entry, '=', 1) as name,
  case when pg_catalog.split_part(c.entry, '=', 1) ~* 'passw|passphrase|secret|token|api_?key|access_?key'
    and c.entry not like 'password_encryption=%' then '***'
  else pg_catalog.regexp_replace(pg_catalog.substr(c.entry, pg_catalog.strpos(c.entry, '=') + 1),
    '((?:password|passwd|secret|token|api_?key|access_?key)[a-z_]*\s*[=:]\s*)(''(?:[^'']|'''')*''|"[^"]*"|[^\s;,]+)', '\1***', 'gi') end as value,
  g.setting as server_value,
  g.unit
from pg_catalog.pg_db_role_setting s
cross join lateral pg_catalog.unnest(s.setconfig) c (entry)
left join pg_catalog.pg_database d on d.oid = s.setdatabase
left join pg_catalog.pg_roles r on r.oid = s.setrole
left join pg_catalog.pg_settings g on g.name = pg_catalog.split_part(c.entry, '=', 1)
order by datname, rolname, name
