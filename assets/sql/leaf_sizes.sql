-- Heap and index bytes of the leaves ($2) of a schema ($1) that exist. What somebody has locked all others out of, or waits to, is not waited
-- for: its pages at the last look of VACUUM, ANALYZE or CREATE INDEX stand for it.
WITH locked AS MATERIALIZED (
    SELECT l.relation
    FROM pg_locks l
    WHERE l.locktype = 'relation' AND l.mode = 'AccessExclusiveLock' AND l.pid IS DISTINCT FROM pg_backend_pid()
      AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
), leaf AS MATERIALIZED (
    SELECT c.oid, c.relname, c.relpages,
           EXISTS (SELECT FROM locked WHERE relation = c.oid)
               OR EXISTS (SELECT FROM pg_index i JOIN locked ON relation = i.indexrelid WHERE i.indrelid = c.oid) AS is_locked
    FROM pg_class c
    WHERE c.relnamespace = to_regnamespace($1)::oid AND c.relname = ANY ($2::text[])
)
SELECT relname::text,
       CASE WHEN is_locked THEN relpages * current_setting('block_size')::bigint ELSE pg_table_size(oid) END,
       CASE WHEN is_locked THEN (SELECT coalesce(sum(x.relpages), 0)::bigint * current_setting('block_size')::bigint
                                 FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid WHERE i.indrelid = leaf.oid)
            ELSE pg_indexes_size(oid) END
FROM leaf
