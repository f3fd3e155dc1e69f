-- Ids of every kind for the same rows, one row a millisecond up to now, so that their making is not measured.
CREATE UNLOGGED TABLE quarterdeck_lab.source AS
SELECT n,
       ms << 22 | n % 4096 AS snowflake,
       gen_random_uuid() AS v4,
       (lpad(to_hex(ms), 12, '0') || '7' || right(replace(gen_random_uuid()::text, '-', ''), 19))::uuid AS v7,
       to_timestamp(ms / 1000.0) AS created_at,
       repeat('x', 80) AS body
FROM (
    SELECT n::bigint AS n, (extract(epoch FROM now()) * 1000)::bigint - {rows} + n AS ms
    FROM generate_series(1, {rows}) AS n
) AS moments
ORDER BY n
;
ALTER TABLE quarterdeck_lab.source ADD PRIMARY KEY (n);
-- What is looked for, in no order.
CREATE UNLOGGED TABLE quarterdeck_lab.wanted AS SELECT * FROM quarterdeck_lab.source ORDER BY hashint8(n) LIMIT 1000;
ANALYZE quarterdeck_lab.source, quarterdeck_lab.wanted
