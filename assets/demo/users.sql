INSERT INTO public.users (id, email, name, created_at)
SELECT
    pg_temp.demo_uuid(n, given.seed + 1),
    format('user%s@example.org', n),
    (ARRAY['Ada', 'Björk', 'Chidi', 'Dalia', 'Emre', 'Fatou', 'Günther', 'Hanako', 'Inés', 'João'])[1 + n % 10],
    given.now - ((given.users - n) * (given.now - '2024-01-01+00') / given.users)
FROM (SELECT $1::bigint, $2::bigint, $3::timestamptz) AS given (users, seed, now)
CROSS JOIN LATERAL generate_series(1, given.users) AS n
