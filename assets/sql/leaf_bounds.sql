-- A leaf whose bounds are others than those wanted, and what it has. $1 leaves' quoted names, $2 lower and $3 upper bounds as text, null
-- for DEFAULT.
SELECT wanted.name, coalesce(found.text, 'none')
FROM unnest($1::text[], $2::text[], $3::text[]) AS wanted (name, lower, upper)
LEFT JOIN pg_class c ON c.oid = to_regclass(wanted.name)
CROSS JOIN LATERAL (SELECT pg_get_expr(c.relpartbound, c.oid) AS text) found
CROSS JOIN LATERAL (
    SELECT regexp_match(found.text, '^FOR VALUES FROM \(''([^'']+)''\) TO \(''([^'']+)''\)$') AS ends
) read
WHERE CASE
    WHEN wanted.lower IS NULL THEN found.text IS DISTINCT FROM 'DEFAULT'
    ELSE (read.ends[1]::{type}, read.ends[2]::{type}) IS DISTINCT FROM (wanted.lower::{type}, wanted.upper::{type})
END
LIMIT 1
