-- Publications that name the table. $1 its OID. Column lists and row conditions are from PostgreSQL 15 on.
SELECT p.pubname::text,
       p.pubviaroot,
       p.pubupdate OR p.pubdelete AS needs_identity,
       CASE WHEN jsonb_typeof(member.facts -> 'prattrs') = 'array'
            THEN ARRAY(SELECT a.attname::text FROM jsonb_array_elements_text(member.facts -> 'prattrs') AS listed(attnum)
                       JOIN pg_attribute a ON a.attrelid = $1 AND a.attnum = listed.attnum::int ORDER BY a.attnum)
       END AS columns,
       shown.facts ->> 'rowfilter' AS filter
FROM (SELECT r.prpubid, to_jsonb(r) AS facts FROM pg_publication_rel r WHERE r.prrelid = $1) member
JOIN pg_publication p ON p.oid = member.prpubid
LEFT JOIN LATERAL (
    SELECT to_jsonb(t) AS facts
    FROM pg_publication_tables t
    JOIN pg_class c ON c.oid = $1
    JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE t.pubname = p.pubname AND t.schemaname = n.nspname AND t.tablename = c.relname
) shown ON true
ORDER BY p.pubname
