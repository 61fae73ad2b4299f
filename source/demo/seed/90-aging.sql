-- what happened since: half of the orders changed, and the views and the table's statistics know nothing of it
update orders set status = 'delivered', total = total + 1 where id % 2 = 0;
