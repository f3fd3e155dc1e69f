-- Who holds up sessions that have waited for a second for a lock on a partitioned table, on one of its partitions, an index or
-- a row of one: the head of each queue, and those behind it, the longest waiting first. (Head's pid, who, state, transaction
-- began, query, what it holds; waiters' pids, who, what they want, seconds.) Shorter waits are the application at work. State,
-- times and query are null to roles that may not see them; pid 0 are prepared transactions, named. Who has locked everybody out
-- is told even where nobody waits. It asks for no lock itself. $1 the table's OID.
WITH RECURSIVE tree AS (
    -- One that is half detached is not in pg_partition_tree.
    SELECT $1::oid AS oid UNION SELECT i.inhrelid FROM tree JOIN pg_inherits i ON i.inhparent = tree.oid
), relation AS (
    SELECT oid FROM tree UNION ALL SELECT i.indexrelid FROM tree JOIN pg_index i ON i.indrelid = tree.oid
), locks AS MATERIALIZED (
    SELECT * FROM pg_locks
), here AS (
    SELECT locks.* FROM locks JOIN relation ON relation.oid = locks.relation
    WHERE locks.database = (SELECT oid FROM pg_database WHERE datname = current_database())
), waiting AS (
    SELECT w.pid, format('%s on %s', w.mode, w.relation::regclass) AS wants, w.waitstart
    FROM here w WHERE NOT w.granted AND w.locktype <> 'tuple'
    UNION ALL
    -- Who waits for a row waits for the end of a transaction, and holds the row's place in the queue; others wait for that place.
    SELECT place.pid, format('a row of %s', place.relation::regclass), coalesce(w.waitstart, place.waitstart)
    FROM here place LEFT JOIN locks w ON w.pid = place.pid AND w.locktype = 'transactionid' AND NOT w.granted
    WHERE place.locktype = 'tuple' AND place.granted = (w.pid IS NOT NULL)
), long AS MATERIALIZED (
    SELECT w.pid, w.wants, w.waitstart, coalesce(concat_ws(', ', a.usename, nullif(a.application_name, '')), '') AS who
    FROM waiting w LEFT JOIN pg_stat_activity a ON a.pid = w.pid
    WHERE w.waitstart < clock_timestamp() - interval '1 second'
), behind AS MATERIALIZED (
    -- Each session that waits, for whatever, and the ones it waits for.
    SELECT DISTINCT w.pid, ahead.pid AS ahead
    FROM (SELECT DISTINCT pid FROM locks WHERE NOT granted AND EXISTS (SELECT FROM long)) w, unnest(pg_blocking_pids(w.pid)) AS ahead(pid)
), queue AS (
    SELECT long.pid, behind.ahead FROM long JOIN behind USING (pid)
    UNION
    SELECT queue.pid, behind.ahead FROM queue JOIN behind ON behind.pid = queue.ahead
), first AS (
    SELECT DISTINCT ahead AS pid FROM queue
    UNION
    -- Who has locked everybody out, whether somebody waits or not.
    SELECT coalesce(pid, 0) FROM here WHERE granted AND locktype = 'relation' AND mode = 'AccessExclusiveLock'
), head AS (
    SELECT first.pid, min(long.waitstart) AS since,
           coalesce(array_agg(long.pid ORDER BY long.waitstart, long.pid) FILTER (WHERE long.pid IS NOT NULL), '{}') AS pids,
           coalesce(array_agg(long.who ORDER BY long.waitstart, long.pid) FILTER (WHERE long.pid IS NOT NULL), '{}') AS who,
           coalesce(array_agg(long.wants ORDER BY long.waitstart, long.pid) FILTER (WHERE long.pid IS NOT NULL), '{}') AS wants,
           coalesce(array_agg(extract(epoch FROM clock_timestamp() - long.waitstart)::bigint ORDER BY long.waitstart, long.pid) FILTER (WHERE long.pid IS NOT NULL), '{}') AS seconds
    FROM first LEFT JOIN queue ON queue.ahead = first.pid LEFT JOIN long ON long.pid = queue.pid
    WHERE first.pid NOT IN (SELECT pid FROM behind)
    GROUP BY first.pid
), held AS (
    SELECT pid, string_agg(format('%s on %s%s', mode, name, CASE WHEN n > 1 THEN format(' and %s more', n - 1) END), ', ' ORDER BY mode) AS locks
    FROM (
        SELECT pid, mode, count(*) AS n, (array_agg(relation::regclass::text ORDER BY relation))[1] AS name
        FROM here WHERE granted AND locktype = 'relation' GROUP BY pid, mode
    ) AS each
    GROUP BY pid
)
SELECT head.pid,
       coalesce(CASE WHEN head.pid = 0 THEN (
           SELECT string_agg(DISTINCT p.gid, ', ')
           FROM here JOIN locks own ON own.virtualtransaction = here.virtualtransaction AND own.locktype = 'transactionid' AND own.granted
           JOIN pg_prepared_xacts p ON p.transaction = own.transactionid
           WHERE here.pid IS NULL
       ) ELSE coalesce(nullif(concat_ws(', ', a.usename, nullif(a.application_name, '')), ''), a.backend_type) END, ''),
       nullif(a.state, 'disabled'),
       a.xact_start,
       CASE WHEN a.state IS NULL THEN '' ELSE coalesce(left(regexp_replace(a.query, '\s+', ' ', 'g'), 200), '') END,
       coalesce(held.locks, ''),
       head.pids,
       head.who,
       head.wants,
       head.seconds
FROM head
LEFT JOIN pg_stat_activity a ON a.pid = head.pid
LEFT JOIN held ON held.pid = head.pid
WHERE a.pid IS NOT NULL OR head.pid = 0
ORDER BY head.since, head.pid
LIMIT 20
