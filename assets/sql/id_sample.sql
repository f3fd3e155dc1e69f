-- Some ids of a table, each with the time beside it: of its first and last blocks, and of a few between; no row twice. A time that
-- no calendar holds is left out.
SELECT DISTINCT ON (part, tid) id::text, CASE WHEN beside >= '1000-01-01' AND beside < '9000-01-01' THEN beside END
FROM (
    (SELECT tableoid AS part, ctid AS tid, {id} AS id, {beside} AS beside FROM {source} WHERE ctid < '({ends},0)' LIMIT {each})
    UNION ALL
    (SELECT tableoid, ctid, {id}, {beside} FROM {source} WHERE ctid >= '({last},0)' ORDER BY ctid DESC LIMIT {each})
    UNION ALL
    -- In the order of a hash, so that the limit takes from all of them, and the same ones each time.
    (SELECT tableoid, ctid, {id}, {beside} FROM {source} TABLESAMPLE SYSTEM ({percent}) REPEATABLE (1)
     ORDER BY hashtext({id}::text) LIMIT {each})
) AS seen
ORDER BY part, tid
