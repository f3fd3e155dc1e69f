-- Chunks of a period that are not done, rows counted for it, rows copied of it.
-- $1 migration, $2 lower bound of the period.
SELECT count(*) FILTER (WHERE NOT c.done),
       coalesce(sum(c.counts[array_position(c.lowers, $2)]), 0)::bigint,
       coalesce(sum(c.copied[array_position(c.lowers, $2)]), 0)::bigint
FROM quarterdeck.chunk c
WHERE c.migration_id = $1 AND $2::timestamptz = ANY (c.lowers)
