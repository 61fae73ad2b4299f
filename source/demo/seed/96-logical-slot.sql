-- the consumer of this one is on holiday: it keeps WAL and the catalogs' old rows
select pg_create_logical_replication_slot('warehouse_cdc', 'pgoutput');
