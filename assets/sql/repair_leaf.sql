-- The keys, of both sides, of all rows of a leaf that differ and are not in the log.
WITH source AS (
    {source}
), twin AS (
    {twin}
)
INSERT INTO {log} ({key})
SELECT DISTINCT {key}
FROM (
    SELECT side.*
    FROM source s FULL JOIN twin t ON {same_row}
    CROSS JOIN LATERAL (VALUES ({source_key}), ({twin_key})) AS side ({key})
    WHERE s.h IS DISTINCT FROM t.h AND {wanted}
) AS differing
WHERE part IS NOT NULL
