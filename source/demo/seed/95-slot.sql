-- the site that this slot was made for was given up; its WAL is kept all the same
select pg_create_physical_replication_slot('dr_site', true);
