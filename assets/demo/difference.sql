-- Rows that only one side has, whichever table owns the name. One statement, one snapshot: the traffic changes both sides
-- in one transaction, so this is zero beside running traffic too. record_send is exact where `=` is not: it tells
-- numeric 1.0 from 1.00, and so inside jsonb. ALL: a row that is there twice counts.
WITH app (line) AS (
    SELECT record_send(ROW(id, session_id, user_id, role, content, actions, tokens_used, price, created_at, updated_at, deleted_at))
    FROM public.chat_messages
),
oracle (line) AS (
    SELECT record_send(ROW(id, session_id, user_id, role, content, actions, tokens_used, price, created_at, updated_at, deleted_at))
    FROM demo_oracle.chat_messages_oracle
)
SELECT
    (SELECT count(*) FROM (TABLE app EXCEPT ALL TABLE oracle) AS extra)
    + (SELECT count(*) FROM (TABLE oracle EXCEPT ALL TABLE app) AS missing)
