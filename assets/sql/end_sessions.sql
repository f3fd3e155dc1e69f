-- Ends the sessions of a migration's last owner; how many are left. $1 pattern of their application_name.
SELECT count(*) FILTER (WHERE ended IS NOT NULL)
FROM (
    SELECT pg_terminate_backend(pid) AS ended
    FROM pg_stat_activity
    WHERE application_name LIKE $1 AND pid <> pg_backend_pid() AND datname = current_database()
) AS sessions
