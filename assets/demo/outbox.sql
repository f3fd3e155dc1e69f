INSERT INTO public.event_outbox (kind, payload, created_at, processed_at)
SELECT
    (ARRAY['message.created', 'message.updated', 'session.closed'])[1 + n % 3],
    jsonb_build_object('session', pg_temp.demo_uuid(1 + n, given.seed + 2), 'n', n),
    given.now - (given.events - n) * interval '1 second',
    CASE WHEN n <= given.events - 100 THEN given.now - (given.events - n) * interval '1 second' + interval '200 milliseconds' END
FROM (SELECT $1::bigint, $2::bigint, $3::timestamptz) AS given (events, seed, now)
CROSS JOIN LATERAL generate_series(1, given.events) AS n
