-- actions/partitions: the statements that make new partitions like the newest sibling and attach them, so that readers and writers of the parent go on
-- source: pg_partitioned_table, pg_inherits, pg_class, pg_attribute, pg_trigger, pg_constraint, size and rows of the default partition
-- needs: server >= 13
-- privilege: ownership of the parent; select on the default partition
-- cost: moderate; counts the rows of the new ranges in the default partition, up to 100,001, where it is no larger than 256 MB
-- param: $1 text parent = 0
-- param: $2 text[] names = {events_2027_01}
-- param: $3 text[] bounds = {for values from ('2027-01-01') to ('2027-02-01')}
-- param: $4 text[] lows = {'2027-01-01'}
-- param: $5 text[] highs = {'2027-02-01'}
-- param: $6 text sibling
-- param: $7 bool move
with parent as (
  select
    c.oid,
    c.relnamespace,
    n.nspname,
    c.relname,
    pg_catalog.format('%I.%I', n.nspname, c.relname) as relation,
    c.relowner,
    c.relispartition,
    p.partdefid,
    -- The first column of the key, or the expression where it is the only one.
    case
      when p.partattrs[0] <> 0 then (select pg_catalog.quote_ident(a.attname) from pg_catalog.pg_attribute a where a.attrelid = c.oid and a.attnum = p.partattrs[0])
      when p.partnatts = 1 then pg_catalog.regexp_replace(pg_catalog.pg_get_partkeydef(c.oid), '^[A-Z]+ ', '')
    end as key
  from pg_catalog.pg_class c
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  join pg_catalog.pg_partitioned_table p on p.partrelid = c.oid
  where c.oid = $1::text::oid
),
sibling as (
  select
    c.oid,
    c.relnamespace,
    n.nspname,
    c.relname,
    c.relkind,
    c.relowner,
    c.relacl,
    c.relpersistence,
    c.relrowsecurity,
    c.relforcerowsecurity,
    c.relreplident,
    t.spcname,
    a.amname,
    (select pg_catalog.string_agg(pg_catalog.format('%I = %L', o.option_name, o.option_value), ', ') from pg_catalog.pg_options_to_table(c.reloptions) o) as options
  from parent p
  join pg_catalog.pg_inherits i on i.inhparent = p.oid
  join pg_catalog.pg_class c on c.oid = i.inhrelid
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  left join pg_catalog.pg_tablespace t on t.oid = c.reltablespace
  left join pg_catalog.pg_am a on a.oid = c.relam
  where c.oid::text = $6::text
),
fallback as (
  select
    c.oid,
    c.relkind,
    pg_catalog.format('%I.%I', n.nspname, c.relname) as relation,
    pg_catalog.has_table_privilege(c.oid, 'select') as may_read,
    pg_catalog.row_security_active(c.oid) as hides,
    exists (
      select from pg_catalog.pg_locks l
      where l.locktype = 'relation' and l.relation = c.oid and l.mode = 'AccessExclusiveLock'
        and l.database = (select d.oid from pg_catalog.pg_database d where d.datname = pg_catalog.current_database())
    ) as locked,
    -- Bit 3 of tgtype: on delete.
    exists (select from pg_catalog.pg_trigger g where g.tgrelid = c.oid and not g.tgisinternal and g.tgtype::int4 & 8 = 8) as has_triggers
  from parent p
  join pg_catalog.pg_class c on c.oid = p.partdefid
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
),
-- Attaching looks through all of it, with no index, while nobody can read or write it: unless a valid check leaves the range out.
weight as materialized (
  select case when f.relkind = 'r' and not f.locked then pg_catalog.pg_relation_size(f.oid) end as bytes from fallback f
),
partman as (
  select
    n.nspname,
    pg_catalog.has_schema_privilege(n.oid, 'usage') and pg_catalog.has_table_privilege(k.oid, 'select') as may_read,
    k.oid
  from pg_catalog.pg_extension e
  join pg_catalog.pg_namespace n on n.oid = e.extnamespace
  join pg_catalog.pg_class k on k.relnamespace = n.oid and k.relname = 'part_config'
  where e.extname = 'pg_partman'
),
keeper as (
  select case when m.may_read then pg_catalog.substring(
    pg_catalog.query_to_xml(pg_catalog.format('select count(*) as n from %I.part_config where parent_table = %L', m.nspname, p.nspname || '.' || p.relname), false, false, '')::text,
    '<n>(\d+)</n>')::int4 > 0 end as kept, m.nspname
  from partman m, parent p
),
general as (
  select
    p.*,
    case
      when pg_catalog.pg_is_in_recovery() then 'this is a standby: do it on the primary'
      when not pg_catalog.pg_has_role(p.relowner, 'usage') then pg_catalog.format('%s belongs to %I: only its owner may do this', p.relation, pg_catalog.pg_get_userbyid(p.relowner))
      when s.relkind = 'p' then pg_catalog.format('its partitions are partitioned themselves (%I.%I): make the next with its own partitions by hand', s.nspname, s.relname)
      when s.relkind = 'f' then pg_catalog.format('its newest partition %I.%I is a foreign table', s.nspname, s.relname)
      when s.relkind is null and $6::text <> '' then 'the partition that the new ones were to be like has gone since'
      when f.locked then f.relation || ' is locked exclusively: try again when that is over'
      when f.oid is not null and not f.may_read then pg_catalog.format('rows in %s can''t be counted: grant select on %s to %I', f.relation, f.relation, current_user)
      when f.hides then 'row security hides rows of ' || f.relation || ' from ' || current_user || ': they can''t be counted'
      when f.oid is not null and p.key is null and $4::text[] <> '{}' then 'its key has several expressions: rows of the new ranges in ' || f.relation || ' can''t be counted'
      when $7::bool and f.relkind <> 'r' then f.relation || ' is partitioned itself: move its rows by hand'
      when $7::bool and f.has_triggers then f.relation || ' has triggers on delete, which would fire: move its rows by hand'
      when $7::bool and exists (select from pg_catalog.pg_constraint k where k.contype = 'f' and k.confrelid in (p.oid, f.oid)) then
        'foreign keys reference it: rows that leave the default partition would break them'
    end as why
  from parent p
  left join sibling s on true
  left join fallback f on true
),
wanted as (
  select u.place, u.name, u.bounds, u.low, u.high, pg_catalog.format('%I.%I', coalesce(s.nspname, g.nspname), u.name) as relation,
    case when u.low is not null and g.key is not null then pg_catalog.format('%s >= %s and %s < %s', g.key, u.low, g.key, u.high) end as range,
    ('without_' || u.name)::name as without
  from rows from (pg_catalog.unnest($2::text[]), pg_catalog.unnest($3::text[]), pg_catalog.unnest($4::text[]), pg_catalog.unnest($5::text[]))
    with ordinality as u(name, bounds, low, high, place)
  cross join general g
  left join sibling s on true
),
proved as materialized (
  select
    w.*,
    exists (select from pg_catalog.pg_constraint k where k.conrelid = f.oid and k.contype = 'c' and k.convalidated and k.conname = w.without) as proven,
    h.bytes > 268435456 as heavy
  from wanted w
  left join fallback f on true
  left join weight h on true
),
counted as materialized (
  select
    w.*,
    case when g.why is null and f.oid is not null and w.range is not null and t.oid is null and not w.proven and w.heavy is not true then
      pg_catalog.substring(pg_catalog.query_to_xml(
        pg_catalog.format('select count(*) as n from (select from %s%s where %s limit 100001) found', case when f.relkind = 'r' then 'only ' else '' end, f.relation, w.range),
        false, false, '')::text, '<n>(\d+)</n>')::float8
    end as strays,
    t.oid as taken,
    exists (select from pg_catalog.pg_inherits i where i.inhrelid = t.oid and i.inhparent = g.oid) as there
  from proved w
  cross join general g
  left join sibling s on true
  left join fallback f on true
  left join pg_catalog.pg_class t on t.relname = w.name and t.relnamespace = coalesce(s.relnamespace, g.relnamespace)
),
own as (
  select
    c.*,
    case
      when k.kept then null
      when g.why is not null then g.why
      when c.there then 'it is there already'
      when c.taken is not null then 'something else has this name already'
      when c.heavy and not c.proven and $7::bool then pg_catalog.format('%s has %s, which would be looked through while nobody can read or write it: move its rows in parts by hand', f.relation, pg_catalog.pg_size_pretty(h.bytes))
      when c.heavy and not c.proven and c.range is not null then pg_catalog.format(
        '%s has %s, which would be looked through while nobody can read or write it. Prove first that no row of the range is in it, while everybody goes on: '
          || 'alter table %s add constraint %I check (not (%s)) not valid; alter table %s validate constraint %I; then ask again',
        f.relation, pg_catalog.pg_size_pretty(h.bytes), f.relation, c.without, c.range, f.relation, c.without)
      when c.strays > 100000 then pg_catalog.format('more than 100000 rows of its range are in %s: move them in parts by hand', f.relation)
      when c.strays > 0 and not $7::bool then pg_catalog.format('rows of its range are in %s (%s): move them (M, or --move)', f.relation, c.strays)
    end as reason
  from counted c
  cross join general g
  left join fallback f on true
  left join weight h on true
  left join keeper k on true
),
-- A range that is left out would leave a gap behind it.
judged as (
  select
    o.*,
    case
      when o.reason is null and o.low is not null and pg_catalog.bool_or(o.reason is not null and not o.there) over (order by o.place)
        then 'the one before it can''t be made'
      else o.reason
    end as why
  from own o
),
columns as (
  select pg_catalog.string_agg(pg_catalog.quote_ident(a.attname), ', ' order by a.attnum) as names
  from parent p
  join pg_catalog.pg_attribute a on a.attrelid = p.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
),
grants as (
  select
    x.grantee,
    x.is_grantable,
    pg_catalog.string_agg(pg_catalog.lower(x.privilege_type), ', ' order by x.privilege_type) as privileges,
    case when x.grantee = 0 then 'public' else pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(x.grantee)) end as role
  from sibling s
  cross join lateral pg_catalog.aclexplode(s.relacl) x
  where x.grantee <> s.relowner
  group by x.grantee, x.is_grantable
),
differences as (
  select pg_catalog.string_agg(d.line, pg_catalog.chr(10)) as lines
  from sibling s
  cross join lateral (
    select 'index ' || c.relname as line
    from pg_catalog.pg_index i
    join pg_catalog.pg_class c on c.oid = i.indexrelid
    where i.indrelid = s.oid and not exists (select from pg_catalog.pg_inherits h where h.inhrelid = i.indexrelid)
    union all
    select 'trigger ' || g.tgname
    from pg_catalog.pg_trigger g
    where g.tgrelid = s.oid and not g.tgisinternal and (pg_catalog.to_jsonb(g) ->> 'tgparentid') is not distinct from '0'
    union all
    select 'policy ' || y.polname from pg_catalog.pg_policy y where y.polrelid = s.oid
    union all
    select 'publication ' || b.pubname
    from pg_catalog.pg_publication_rel r
    join pg_catalog.pg_publication b on b.oid = r.prpubid
    where r.prrelid = s.oid
    union all
    select 'constraint ' || k.conname from pg_catalog.pg_constraint k where k.conrelid = s.oid and k.contype in ('c', 'f') and k.conislocal and k.coninhcount = 0
    union all
    select 'privileges on single columns'
    where exists (select from pg_catalog.pg_attribute a where a.attrelid = s.oid and a.attacl is not null)
    union all
    select 'replica identity by an index' where s.relreplident = 'i'
  ) d
),
steps as (
  select j.place, j.name, x.step, x.statement
  from judged j
  cross join general g
  cross join columns l
  left join sibling s on true
  left join fallback f on true
  left join keeper k on true
  cross join lateral (
    select 1 as step, 'begin' as statement
    union all
    select 2, 'set local lock_timeout = ''300ms'''
    union all
    select 3, pg_catalog.format('lock table only %s in share update exclusive mode', g.relation) where j.strays > 0
    union all
    select 4, pg_catalog.format('lock table only %s in access exclusive mode', f.relation) where j.strays > 0
    union all
    select 5, pg_catalog.format('create %stable %s (like %s including all excluding identity)%s%s%s',
      case when s.relpersistence = 'u' then 'unlogged ' else '' end,
      j.relation,
      g.relation,
      case when s.amname <> 'heap' then pg_catalog.format(' using %I', s.amname) else '' end,
      coalesce(' with (' || s.options || ')', ''),
      case when s.spcname <> 'pg_default' then pg_catalog.format(' tablespace %I', s.spcname) else '' end)
    union all
    select 6, pg_catalog.format('alter table %s owner to %I', j.relation, pg_catalog.pg_get_userbyid(s.relowner))
    where s.relowner <> (select r.oid from pg_catalog.pg_roles r where r.rolname = current_user)
    union all
    select 7, pg_catalog.format('grant %s on %s to %s%s', a.privileges, j.relation, a.role, case when a.is_grantable then ' with grant option' else '' end)
    from grants a
    union all
    select 8, pg_catalog.format('alter table %s enable row level security', j.relation) where s.relrowsecurity
    union all
    select 9, pg_catalog.format('alter table %s force row level security', j.relation) where s.relforcerowsecurity
    union all
    select 10, pg_catalog.format('alter table %s replica identity %s', j.relation, case s.relreplident when 'f' then 'full' else 'nothing' end)
    where s.relreplident in ('f', 'n')
    union all
    select 11, pg_catalog.format(
      'with moved as (delete from only %s where %s returning %s),' || pg_catalog.chr(10)
        || ' put as (insert into %s (%s) select %s from moved returning 1),' || pg_catalog.chr(10)
        || ' counts as (select (select count(*) from only %s where %s)::float8 as counted, (select count(*) from moved)::float8 as moved, (select count(*) from put)::float8 as put)'
        || pg_catalog.chr(10) || 'select *, counted = moved and moved = put as counts_agree from counts',
      f.relation, j.range, l.names, j.relation, l.names, l.names, f.relation, j.range)
    where j.strays > 0
    union all
    select 12, pg_catalog.format('alter table %s attach partition %s %s', g.relation, j.relation, j.bounds)
    union all
    select 13, pg_catalog.format('alter table %s drop constraint %I', f.relation, j.without) where j.proven
    union all
    select 14, 'commit'
  ) x
  where j.why is null and k.kept is not true
),
all_rows as (
  select
    j.place,
    t.step,
    j.relation as target,
    t.statement,
    'attach'::text as step_group,
    j.why is null as ready,
    j.why,
    j.there as nothing,
    case when j.why is null then
      pg_catalog.concat_ws(pg_catalog.chr(10),
        j.relation || ' ' || j.bounds,
        case when j.strays > 0 then pg_catalog.format('rows that move into %s: %s; nobody can read or write %s meanwhile', j.relation, j.strays, f.relation) end,
        'readers and writers of ' || g.relation || ' go on'
          || case
            when j.proven then '; ' || f.relation || ' is locked for a moment and not looked through: its check ' || pg_catalog.quote_ident(j.without) || ' leaves the range out'
            when f.oid is not null then '; ' || f.relation || ' is locked for a moment while it is looked through'
            else ''
          end,
        'locked for a moment too, its foreign keys'' tables: ' || (
          select pg_catalog.string_agg(distinct k.confrelid::regclass::text, ', ') from pg_catalog.pg_constraint k where k.conrelid = g.oid and k.contype = 'f'),
        'not taken over from ' || s.relname || ': ' || pg_catalog.replace(d.lines, pg_catalog.chr(10), ', '),
        'pg_partman is here, and whether it keeps this table can''t be read' || (select '' from partman m where not m.may_read))
    end as note,
    pg_catalog.concat_ws(',', g.oid::text, f.oid::text) as relids
  from judged j
  cross join general g
  cross join differences d
  left join sibling s on true
  left join fallback f on true
  left join keeper k on true
  left join steps t on t.place = j.place
  where k.kept is not true
  union all
  select
    0,
    0,
    p.relation,
    pg_catalog.format('select %I.run_maintenance(%L)', k.nspname, p.nspname || '.' || p.relname),
    null,
    true,
    null,
    false,
    'pg_partman keeps this table: its own maintenance makes the partitions',
    p.oid::text
  from keeper k
  cross join parent p
  where k.kept
)
select r.target, r.statement, r.step_group, r.ready, r.why, r.nothing, r.note, r.relids
from all_rows r
order by r.place, r.step, r.statement
