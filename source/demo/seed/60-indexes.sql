-- indexes as they grow over the years: used, unused, twice, a prefix of another, and one whose build failed
create index orders_restaurant_idx on orders (restaurant_id);
create index orders_by_restaurant on orders (restaurant_id);
create index orders_tenant_idx on orders (tenant_id);
create index orders_tenant_placed_idx on orders (tenant_id, placed_at);
create index orders_placed_idx on orders (placed_at);
create index orders_note_idx on orders (note);
create index orders_total_idx on orders (total);
-- orders.customer_id and order_items.menu_item_id are foreign keys without an index

-- what a failed CREATE INDEX CONCURRENTLY leaves behind
update pg_catalog.pg_index set indisvalid = false where indexrelid = 'orders_total_idx'::regclass;

analyze;
