-- The newest migration of each table that was not aborted, and whether its owner lives.
SELECT DISTINCT ON (m.table_schema, m.table_name)
       m.table_schema, m.table_name, m.id, m.phase, m.paused IS NOT NULL, m.last_error IS NOT NULL, m.unknown IS NOT NULL
FROM quarterdeck.migration m
WHERE m.phase <> 'aborted'
ORDER BY m.table_schema, m.table_name, m.created_at DESC, m.id DESC
