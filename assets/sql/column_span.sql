-- First and last time of a column as the statistics know them, its {type} made a timestamptz. $1 schema, $2 table, $3 column,
-- $4 whether the table is partitioned.
SELECT {first}, {last}
FROM pg_stats s,
     unnest(coalesce(s.histogram_bounds::text::{type}[], '{}')
            || coalesce(s.most_common_vals::text::{type}[], '{}')) AS value
WHERE s.schemaname = $1
  AND s.tablename = $2
  AND s.attname = $3
  AND s.inherited = $4
  -- What the census can place; the rest is its to name.
  AND value >= '1000-01-01' AND value < '9000-01-01'
