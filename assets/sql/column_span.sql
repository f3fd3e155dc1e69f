-- First and last time of a column as the statistics know them. $1 schema, $2 table, $3 column.
SELECT min(value), max(value)
FROM pg_stats s,
     unnest(coalesce(s.histogram_bounds::text::timestamptz[], '{}')
            || coalesce(s.most_common_vals::text::timestamptz[], '{}')) AS value
WHERE s.schemaname = $1
  AND s.tablename = $2
  AND s.attname = $3
  AND NOT s.inherited
  -- What the census can place; the rest is its to name.
  AND value >= '1000-01-01' AND value < '9000-01-01'
