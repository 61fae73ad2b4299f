-- partitioned tables of every kind; names and bounds follow from today, so that the seed never goes stale
create table audit_logs (
	id bigint generated always as identity,
	tenant_id int not null,
	actor text not null,
	action text not null,
	details jsonb not null default '{}',
	created_at timestamptz not null default now(),
	primary key (id, created_at)
) partition by range (created_at);
create index audit_logs_tenant_idx on audit_logs (tenant_id, created_at);

create table delivery_pings (
	courier_id int not null,
	latitude float8 not null,
	longitude float8 not null,
	pinged_at timestamptz not null
) partition by range (pinged_at);

do $$
declare
	month timestamptz;
	day timestamptz;
begin
	-- the next month is missing: somebody forgot, as every month
	for month in select generate_series(date_trunc('month', now()) - interval '3 months', date_trunc('month', now()), interval '1 month') loop
		execute format(
			'create table %I partition of audit_logs for values from (%L) to (%L)',
			'audit_logs_' || to_char(month, 'YYYY_MM'), month, month + interval '1 month'
		);
	end loop;
	for day in select generate_series(date_trunc('day', now()) - interval '6 days', date_trunc('day', now()), interval '1 day') loop
		execute format(
			'create table %I partition of delivery_pings for values from (%L) to (%L)',
			'delivery_pings_' || to_char(day, 'YYYYMMDD'), day, day + interval '1 day'
		);
	end loop;
end
$$;
create table audit_logs_default partition of audit_logs default;
create table delivery_pings_default partition of delivery_pings default;

create table commissions (
	restaurant_id int not null,
	order_id bigint not null,
	rate numeric(5, 4) not null,
	amount numeric(10, 2) not null,
	settled boolean not null default false,
	primary key (restaurant_id, order_id)
) partition by hash (restaurant_id);
create table commissions_0 partition of commissions for values with (modulus 4, remainder 0);
create table commissions_1 partition of commissions for values with (modulus 4, remainder 1);
create table commissions_2 partition of commissions for values with (modulus 4, remainder 2);
create table commissions_3 partition of commissions for values with (modulus 4, remainder 3);

-- the fourth remainder was never made: a quarter of all new coupons is refused
create table coupons (
	id int not null primary key,
	tenant_id int not null,
	code text not null
) partition by hash (id);
create table coupons_0 partition of coupons for values with (modulus 4, remainder 0);
create table coupons_1 partition of coupons for values with (modulus 4, remainder 1);
create table coupons_2 partition of coupons for values with (modulus 4, remainder 2);

create table payments (
	order_id bigint not null,
	region text not null,
	amount numeric(10, 2) not null,
	paid_at timestamptz not null default now(),
	primary key (order_id, region)
) partition by list (region);
create table payments_eu partition of payments for values in ('de', 'fr', 'it', 'es');
create table payments_us partition of payments for values in ('us', 'ca');

grant select, insert, update, delete on all tables in schema public to webapp, etl, reporting;
