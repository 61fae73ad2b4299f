-- the application drops cached pages by these
create function announce_change() returns trigger language plpgsql as $$
begin
	perform pg_notify('cache_invalidation', json_build_object(
		'table', tg_table_name, 'operation', tg_op, 'id', new.id,
		'tenant', (select tenant_id from restaurants where id = new.restaurant_id)
	)::text);
	return new;
end
$$;
create trigger menu_items_changed after update of price, available on menu_items for each row execute function announce_change();
