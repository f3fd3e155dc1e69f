-- How far a concurrent index build is, and whom it waits for. $1 the table's OID.
SELECT p.phase, p.blocks_done, p.blocks_total, b.pid, b.application_name,
       coalesce(b.state, ''), extract(epoch FROM clock_timestamp() - b.xact_start)::bigint
FROM pg_stat_progress_create_index p
LEFT JOIN pg_stat_activity b ON b.pid = p.current_locker_pid AND p.current_locker_pid <> 0
WHERE p.datname = current_database() AND p.relid = $1
LIMIT 1
