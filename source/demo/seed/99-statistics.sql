-- what the seed itself cost is nobody's problem
select pg_stat_statements_reset();
