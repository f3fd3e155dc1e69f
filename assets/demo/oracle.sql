-- A plain copy of the messages, which every transaction of the traffic changes as well. It is made while writers wait.
BEGIN;
LOCK TABLE public.chat_messages IN SHARE MODE;
CREATE SCHEMA demo_oracle;
CREATE TABLE demo_oracle.chat_messages_oracle (LIKE public.chat_messages INCLUDING DEFAULTS);
INSERT INTO demo_oracle.chat_messages_oracle SELECT * FROM public.chat_messages;
ALTER TABLE demo_oracle.chat_messages_oracle ADD PRIMARY KEY (id);
CREATE INDEX ON demo_oracle.chat_messages_oracle (session_id);
CREATE INDEX ON demo_oracle.chat_messages_oracle (user_id);
DO $$
DECLARE
    app name := current_setting('demo.role');
BEGIN
    EXECUTE format('GRANT USAGE ON SCHEMA demo_oracle TO %I', app);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON demo_oracle.chat_messages_oracle TO %I', app);
END
$$;
COMMIT;
