-- materialized views: one can be refreshed concurrently, the other has no unique index
create materialized view daily_revenue as
select tenant_id, placed_at::date as day, count(*) as orders, sum(total) as revenue from orders where status = 'delivered' group by tenant_id, placed_at::date;
create unique index daily_revenue_key on daily_revenue (tenant_id, day);

create materialized view restaurant_ranking as
select restaurant_id, sum(total) as revenue, rank() over (order by sum(total) desc) as place from orders group by restaurant_id;

grant select on daily_revenue, restaurant_ranking to webapp, etl, reporting;
