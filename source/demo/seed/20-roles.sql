-- who connects: each kind of client has a role of its own, as it should be
create extension if not exists pg_stat_statements;

create role webapp login connection limit 120;
create role etl login;
create role reporting login;
create role migration login;
create role monitoring login in role pg_monitor;
alter role reporting set work_mem = '1MB';
