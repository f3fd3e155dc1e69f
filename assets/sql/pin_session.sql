-- Every session of the tool: nothing depends on the role's, the database's or the client's settings.
-- First of all: where statements are counted, ours are not the application's. Only a superuser may say so.
SELECT set_config('pg_stat_statements.track', 'none', false)
WHERE current_setting('pg_stat_statements.track', true) IS NOT NULL AND current_setting('is_superuser')::boolean;
SET TimeZone = 'UTC';
SET row_security = off;
SET search_path = pg_catalog;
SET DateStyle = 'ISO, YMD';
SET IntervalStyle = 'postgres';
SET bytea_output = 'hex';
SET extra_float_digits = 3;
SET standard_conforming_strings = on;
SET client_min_messages = warning;
SET lock_timeout = '10s';
SET statement_timeout = 0;
-- A tool that is gone, asleep or cut off holds no lock for longer: nobody but us could end what it left.
SET idle_in_transaction_session_timeout = '20s';
SET tcp_keepalives_idle = 10;
SET tcp_keepalives_interval = 5;
SET tcp_keepalives_count = 3;
SET tcp_user_timeout = '30s';
SET idle_session_timeout = 0;
SET default_transaction_isolation = 'read committed';
SET default_transaction_read_only = off;
SET check_function_bodies = off;
SET default_tablespace = '';
SET default_table_access_method = 'heap';
-- Our statements are small; where a planner setting forbids a plan node, its huge cost would have them compiled for seconds.
SET jit = off;
-- From PostgreSQL 17 on.
SELECT set_config(name, '0', false) FROM pg_settings WHERE name = 'transaction_timeout';
