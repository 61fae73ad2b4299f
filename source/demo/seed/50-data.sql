-- the rows; arithmetic instead of chance, so that two stacks are alike
insert into tenants select n, (array['Harbour Kitchens', 'Nonna & Sons', 'Green Fork', 'Midnight Diner', 'Spice Route', 'Taco Union'])[n] from generate_series(1, 6) n;

insert into restaurants
select n, 1 + n % 6, 'Restaurant ' || n, (array['Hamburg', 'Lyon', 'Torino', 'Sevilla', 'Boston'])[1 + n % 5] from generate_series(1, 60) n;

insert into menu_items (id, restaurant_id, name, price)
select n, 1 + n % 60, (array['Soup', 'Pasta', 'Curry', 'Tacos', 'Salad', 'Burger', 'Ramen'])[1 + n % 7] || ' no. ' || n, 4 + (n * 37 % 2400) / 100.0
from generate_series(1, 1800) n;

insert into inventory select n, 20 + n * 13 % 200, 0 from generate_series(1, 1800) n;

insert into customers select n, 1 + n % 6, 'Customer ' || n, 'customer' || n || '@example.com' from generate_series(1, 6000) n;

insert into orders (tenant_id, restaurant_id, customer_id, status, total, placed_at, note)
select
	1 + r % 6, r, 1 + n * 7919 % 6000, (array['placed', 'cooking', 'delivered', 'delivered', 'cancelled'])[1 + n % 5],
	8 + (n * 7907 % 9000) / 100.0, now() - n * interval '65 seconds', repeat(md5(n::text), 2)
from (select n, 1 + n * 104729 % 60 as r from generate_series(1::bigint, 100000) n) as numbered;

insert into order_items select id, 1, 1 + id * 31 % 1800, 1 + id % 3 from orders where id % 3 = 0;

insert into commissions select restaurant_id, id, 0.12, round(total * 0.12, 2), id % 2 = 0 from orders where id % 10 = 0;

insert into coupons select n, 1 + n % 6, 'SAVE' || n from generate_series(1, 400) n where not satisfies_hash_partition('coupons'::regclass, 4, 3, n);

insert into payments select id, (array['de', 'fr', 'it', 'es', 'us', 'ca'])[1 + id % 6], total, placed_at from orders where id % 20 = 0;

insert into audit_logs (tenant_id, actor, action, created_at)
select 1 + n % 6, 'user' || n % 40, (array['login', 'price changed', 'refund', 'menu published'])[1 + n % 4], now() - n * interval '3 minutes'
from generate_series(1, 20000) n where now() - n * interval '3 minutes' >= date_trunc('month', now()) - interval '3 months';

-- an import with wrong dates: nobody looks into the default partition
insert into audit_logs (tenant_id, actor, action, created_at)
select 1 + n % 6, 'import', 'refund', date_trunc('month', now()) - interval '9 months' + n * interval '1 hour' from generate_series(1, 300) n;

insert into delivery_pings
select n % 25, 53.5 + n % 100 / 1000.0, 9.9 + n % 70 / 1000.0, date_trunc('day', now()) - interval '6 days' + n * interval '1 minute' from generate_series(1, 8000) n;

-- phones whose clock is a day ahead: these rows stand in the way of tomorrow's partition
insert into delivery_pings
select n % 25, 53.5, 9.9, date_trunc('day', now()) + interval '1 day' + n * interval '10 minutes' from generate_series(1, 120) n;

insert into support_tickets (order_id, subject, opened_at) select n * 17, 'Where is my order?', now() - n * interval '3 hours' from generate_series(1, 200) n;
