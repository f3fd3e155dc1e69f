-- Rows that differ, of both sides' differing key buckets: how many a leaf, and the first of each.
-- $1 groups (leaf and key bucket) that differ, $2 leaves, $3 how many rows to name of each leaf.
WITH source AS (
    SELECT r.* FROM ({source}) AS r WHERE {not_logged}
), twin AS (
    SELECT r.* FROM ({twin}) AS r WHERE {not_logged}
), differing AS MATERIALIZED (
    SELECT coalesce(s.leaf, t.leaf) AS leaf, s.at AS source_at, t.at AS twin_at
    FROM source s FULL JOIN twin t ON t.leaf = s.leaf AND {same_row}
    WHERE s.h IS DISTINCT FROM t.h
)
SELECT leaf, count(*), NULL AS source_at, NULL AS twin_at FROM differing GROUP BY leaf
UNION ALL
SELECT first.leaf, 0, first.source_at::text, first.twin_at::text
FROM unnest($2::bigint[]) AS wanted (leaf)
CROSS JOIN LATERAL (SELECT * FROM differing d WHERE d.leaf = wanted.leaf LIMIT $3) AS first
