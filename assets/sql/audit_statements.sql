-- Statements that may be on a table, the dearest first. {statements} the view of pg_stat_statements, {info} its other one; $1 a part of
-- the table's name, $2 how many. A text counts once, with all its numbers: before PostgreSQL 18 it has another number after each exchange of the names, and one for each
-- role; the dearest one's is told. The role is none where this one is not a member of it.
SELECT (array_agg(s.queryid ORDER BY s.total_exec_time DESC))[1] AS queryid,
       s.query,
       sum(s.calls)::bigint AS calls,
       sum(s.total_exec_time) AS total_ms,
       (SELECT r.rolname::text FROM pg_roles r WHERE r.oid = (array_agg(s.userid ORDER BY s.total_exec_time DESC))[1] AND pg_has_role(r.oid, 'MEMBER')) AS role,
       (SELECT stats_reset FROM {info}) AS since
FROM {statements} s
WHERE s.dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND s.queryid IS NOT NULL
  AND strpos(lower(s.query), lower($1)) > 0
  -- The tool's own.
  AND s.query !~ '\yquarterdeck\.|"quarterdeck"\.|quarterdeck_audit|_twin"|\yctid\y|\yAS b\(k1\y'
GROUP BY s.query
ORDER BY 4 DESC
LIMIT $2
