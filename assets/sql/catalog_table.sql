-- The table itself. $1 its OID.
SELECT n.nspname::text,
       c.relname::text,
       pg_get_userbyid(c.relowner)::text AS owner,
       obj_description(c.oid, 'pg_class') AS comment,
       c.relkind::text || c.relpersistence::text AS kind,
       size.blocks,
       -- The planner's way: the density last seen, times the blocks there are now.
       CASE WHEN c.reltuples >= 0 AND c.relpages > 0
            THEN (c.reltuples::float8 / c.relpages * size.blocks)::bigint
            ELSE coalesce(pg_stat_get_live_tuples(c.oid), 0)
       END AS rows_estimate,
       coalesce(pg_total_relation_size(c.oid), 0) AS total_bytes,
       coalesce(pg_indexes_size(c.oid), 0) AS index_bytes,
       coalesce(c.reloptions, '{}')
           || ARRAY(SELECT 'toast.' || o FROM pg_class t, unnest(t.reloptions) o WHERE t.oid = c.reltoastrelid) AS options,
       c.relreplident::text AS replica_identity,
       coalesce(pg_stat_get_tuples_updated(c.oid) + pg_stat_get_tuples_deleted(c.oid), 0) > 0 AS has_updates,
       -- Transition tables spill to temporary files; a finite limit would fail the application (TRAPS 56).
       EXISTS (SELECT FROM pg_settings WHERE name = 'temp_file_limit' AND '-1' NOT IN (setting, reset_val))
           OR EXISTS (SELECT FROM pg_db_role_setting s, unnest(s.setconfig) AS o
                      WHERE o ~ '^temp_file_limit=' AND o <> 'temp_file_limit=-1'
                        AND s.setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database())))
           OR EXISTS (SELECT FROM pg_subscription_rel WHERE srrelid = c.oid) AS row_level_capture
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
CROSS JOIN LATERAL (
    SELECT coalesce(pg_relation_size(c.oid), 0) / current_setting('block_size')::bigint AS blocks
) size
WHERE c.oid = $1
