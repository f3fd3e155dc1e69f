-- More chats the nearer to now, as a business that grows has it.
INSERT INTO public.chat_sessions (id, user_id, title, started_at)
SELECT
    pg_temp.demo_uuid(n, given.seed + 2),
    pg_temp.demo_uuid(1 + pg_temp.demo_pick(n, given.seed + 3, given.users), given.seed + 1),
    CASE WHEN n % 5 > 0 THEN format('Chat %s', n) END,
    '2024-01-01+00'::timestamptz + power(n::float8 / given.sessions, 0.7) * (given.now - '2024-01-01+00')
FROM (SELECT $1::bigint, $2::bigint, $3::timestamptz, $4::bigint) AS given (sessions, seed, now, users)
CROSS JOIN LATERAL generate_series(1, given.sessions) AS n
