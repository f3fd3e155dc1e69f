-- The application's role: it reads and writes, and owns nothing. Name and password come in settings of the session.
DO $$
DECLARE
    app name := current_setting('demo.role');
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = app) THEN
        EXECUTE format('CREATE ROLE %I', app);
    END IF;
    EXECUTE format('ALTER ROLE %I LOGIN PASSWORD %L', app, current_setting('demo.password'));
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON public.users, public.chat_sessions, public.chat_messages, public.event_outbox TO %I', app);
    EXECUTE format('GRANT SELECT ON public.live_messages TO %I', app);
END
$$;
