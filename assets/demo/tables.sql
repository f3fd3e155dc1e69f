-- The demo's application: users talk in chat sessions. Keys and indexes follow in keys.sql, when the rows are there.
CREATE TABLE public.users (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    email text NOT NULL UNIQUE,
    name text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE public.chat_sessions (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id uuid NOT NULL REFERENCES public.users (id),
    title text,
    started_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE public.chat_messages (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    session_id uuid NOT NULL,
    user_id uuid NOT NULL,
    role text NOT NULL DEFAULT 'user',
    content text NOT NULL,
    actions jsonb,
    tokens_used integer,
    price numeric,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    deleted_at timestamptz,
    CONSTRAINT chat_messages_role_check CHECK (role IN ('user', 'assistant', 'system', 'tool')),
    CONSTRAINT chat_messages_tokens_used_check CHECK (tokens_used >= 0)
);

CREATE TABLE public.event_outbox (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL,
    payload jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    processed_at timestamptz
);

-- Version 4 in form, the same for the same number, kind (seed) and run: a seeded run can be repeated.
CREATE FUNCTION pg_temp.demo_uuid(n bigint, seed bigint) RETURNS uuid
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN overlay(overlay(encode(int8send(hashint8extended(n, seed)) || int8send(hashint8extended(n, ~ seed)), 'hex')
        PLACING '4' FROM 13 FOR 1) PLACING 'a' FROM 17 FOR 1)::uuid;

-- A number from 0 to below - 1.
CREATE FUNCTION pg_temp.demo_pick(n bigint, seed bigint, below bigint) RETURNS bigint
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN (hashint8extended(n, seed) & 2147483647) % below;
