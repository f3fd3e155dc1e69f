-- In rough order of time, as an append-only heap has it: a chat lasts up to three days, and chats overlap.
INSERT INTO public.chat_messages
    (id, session_id, user_id, role, content, actions, tokens_used, price, created_at, updated_at, deleted_at)
SELECT
    pg_temp.demo_uuid(n, given.seed + 4),
    s.id,
    s.user_id,
    (ARRAY['user', 'assistant', 'user', 'assistant', 'user', 'assistant', 'system', 'tool'])[1 + pg_temp.demo_pick(n, given.seed + 5, 8)],
    substr(
        repeat('The ship''s log of the quarterdeck: wind from the south-west, sea moderate, "all well" on board. Añada, naïve, 東京. ', 4),
        1 + pg_temp.demo_pick(n, given.seed + 6, 200)::integer,
        pg_temp.demo_pick(n, given.seed + 7, 260)::integer),
    CASE pg_temp.demo_pick(n, given.seed + 8, 4)
        WHEN 0 THEN jsonb_build_object('tool', 'search', 'hits', n % 50, 'cost', round(n % 1000 / 7.0, 3), 'tags', ARRAY['a', NULL, 'c'])
        WHEN 1 THEN '[]'::jsonb
    END,
    CASE WHEN n % 11 > 0 THEN pg_temp.demo_pick(n, given.seed + 9, 4000)::integer END,
    CASE WHEN n % 7 > 0 THEN round(pg_temp.demo_pick(n, given.seed + 10, 100000) / 1000.0, (n % 4)::integer) END,
    t.at,
    least(t.at + pg_temp.demo_pick(n, given.seed + 11, 3600) * interval '1 second', given.now),
    CASE WHEN n % 20 = 0 THEN least(t.at + interval '1 day', given.now) END
FROM (SELECT $1::bigint, $2::bigint, $3::bigint, $4::bigint, $5::bigint, $6::timestamptz) AS given (first, last, messages, sessions, seed, now)
CROSS JOIN LATERAL generate_series(given.first, given.last) AS n
JOIN public.chat_sessions AS s
    ON s.id = pg_temp.demo_uuid(1 + (n - 1) * given.sessions / given.messages, given.seed + 2)
CROSS JOIN LATERAL (
    SELECT least(s.started_at + pg_temp.demo_pick(n, given.seed + 12, 259200000) * interval '1 millisecond', given.now)
) AS t (at)
ORDER BY n
