-- Old keys of a batch whose row is in the old table alone, still to be copied: it lies in no chunk that is done, the table with the
-- name has no such row, and neither the batch nor the rest of the log has touched it.
WITH b AS (
    SELECT * FROM {batch}
)
SELECT DISTINCT {key}
FROM b
JOIN ONLY {old} AS o ON {same_old_key}
WHERE NOT EXISTS (SELECT FROM quarterdeck.chunk AS c
                  WHERE c.migration_id = {migration} AND c.done
                    AND o.ctid >= format('(%s,0)', c.first_block)::tid AND o.ctid < format('(%s,0)', c.end_block)::tid)
  AND NOT EXISTS (SELECT FROM {owner} AS n WHERE {same_row})
  AND NOT EXISTS (SELECT FROM {log} AS l WHERE {logged})
  AND NOT EXISTS (SELECT FROM b AS t WHERE {taken})
