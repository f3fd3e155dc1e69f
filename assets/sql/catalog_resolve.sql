-- Relations of a name that the role can see, those on its own search_path first. $1 name folded to lower case, $2 name
-- as typed, $3 and $4 the same of its schema, or null. Our sessions pin search_path; reset_val is what the role has.
WITH path AS (
    SELECT CASE WHEN entry.word IN ('$user', '"$user"') THEN current_user::text
                WHEN entry.word ~ '^".*"$' THEN replace(substr(entry.word, 2, length(entry.word) - 2), '""', '"')
                ELSE lower(entry.word)
           END AS nspname,
           entry.place
    FROM regexp_split_to_table((SELECT reset_val FROM pg_settings WHERE name = 'search_path'), '\s*,\s*')
         WITH ORDINALITY AS entry(word, place)
)
SELECT c.oid, n.nspname::text, c.relname::text, coalesce(min(path.place), 0) > 0 AS on_path
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN path ON path.nspname = n.nspname
WHERE c.relname IN ($1::text, $2::text)
  AND c.relkind IN ('r', 'p', 'f', 'v', 'm')
  AND CASE WHEN $3::text IS NULL
           THEN n.nspname NOT IN ('pg_catalog', 'information_schema', 'quarterdeck')
                AND n.nspname !~ '^pg_(toast|temp)' AND has_schema_privilege(n.oid, 'USAGE')
           ELSE n.nspname IN ($3::text, $4::text)
      END
GROUP BY c.oid, n.nspname, c.relname
-- Without quotes SQL means the folded name; the spelling as typed is only a help where the shell ate the quotes.
ORDER BY min(path.place) NULLS LAST, (n.nspname = $3::text) DESC, (c.relname = $1::text) DESC, n.nspname, c.relname
