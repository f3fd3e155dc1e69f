-- The table itself. $1 its OID.
SELECT n.nspname::text,
       c.relname::text,
       pg_get_userbyid(c.relowner)::text AS owner,
       obj_description(c.oid, 'pg_class') AS comment,
       c.relkind::text || c.relpersistence::text AS kind,
       size.blocks,
       -- The planner's way: the density last seen, times the blocks there are now.
       size.rows_estimate,
       size.total_bytes,
       size.index_bytes,
       -- A partitioned table has none itself; catalog_parts.sql names a partition that has others than the last one.
       (SELECT coalesce(h.reloptions, '{}')
               || ARRAY(SELECT 'toast.' || o FROM pg_class t, unnest(t.reloptions) o WHERE t.oid = h.reltoastrelid)
        FROM pg_class h
        WHERE h.oid = c.oid OR c.relkind = 'p' AND h.oid IN (SELECT inhrelid FROM pg_inherits WHERE inhparent = c.oid)
        ORDER BY h.relkind = 'p', h.relname DESC LIMIT 1) AS options,
       c.relreplident::text AS replica_identity,
       size.has_updates,
       -- Transition tables spill to temporary files; a finite limit would fail the application (TRAPS 56).
       EXISTS (SELECT FROM pg_settings WHERE name = 'temp_file_limit' AND '-1' NOT IN (setting, reset_val))
           OR EXISTS (SELECT FROM pg_db_role_setting s, unnest(s.setconfig) AS o
                      WHERE o ~ '^temp_file_limit=' AND o <> 'temp_file_limit=-1'
                        AND s.setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database())))
           OR EXISTS (SELECT FROM pg_subscription_rel WHERE srrelid = c.oid) AS row_level_capture,
       ARRAY(SELECT pn.nspname::text FROM pg_inherits i JOIN pg_class p ON p.oid = i.inhrelid JOIN pg_namespace pn ON pn.oid = p.relnamespace
             WHERE i.inhparent = c.oid AND c.relkind = 'p' ORDER BY pn.nspname, p.relname) AS part_schemas,
       ARRAY(SELECT p.relname::text FROM pg_inherits i JOIN pg_class p ON p.oid = i.inhrelid JOIN pg_namespace pn ON pn.oid = p.relnamespace
             WHERE i.inhparent = c.oid AND c.relkind = 'p' ORDER BY pn.nspname, p.relname) AS part_names,
       (SELECT spcname::text FROM pg_tablespace WHERE oid = c.reltablespace) AS tablespace,
       (SELECT x.relname::text FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid
        WHERE i.indrelid = c.oid AND i.indisclustered) AS clustered_on,
       (SELECT x.relname::text FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid
        WHERE i.indrelid = c.oid AND i.indisreplident AND c.relreplident = 'i') AS identity_index,
       c.relrowsecurity,
       c.relforcerowsecurity
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
CROSS JOIN LATERAL (
    -- Of all its heaps: a partitioned table has none of its own.
    SELECT coalesce(sum(heap.blocks), 0)::bigint AS blocks,
           coalesce(sum(CASE WHEN heap.reltuples >= 0 AND heap.relpages > 0
                             THEN (heap.reltuples::float8 / heap.relpages * heap.blocks)::bigint
                             ELSE coalesce(pg_stat_get_live_tuples(heap.oid), 0) END), 0)::bigint AS rows_estimate,
           coalesce(sum(pg_total_relation_size(heap.oid)), 0)::bigint AS total_bytes,
           coalesce(sum(pg_indexes_size(heap.oid)), 0)::bigint AS index_bytes,
           coalesce(sum(pg_stat_get_tuples_updated(heap.oid) + pg_stat_get_tuples_deleted(heap.oid)), 0) > 0 AS has_updates
    FROM (SELECT h.oid, h.reltuples, h.relpages,
                 coalesce(pg_relation_size(h.oid), 0) / current_setting('block_size')::bigint AS blocks
          FROM pg_class h
          WHERE h.oid = c.oid OR c.relkind = 'p' AND h.oid IN (SELECT inhrelid FROM pg_inherits WHERE inhparent = c.oid)) heap
) size
WHERE c.oid = $1
