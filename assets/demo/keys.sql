-- Keys, indexes, references, the view and the comments of the demo's application.
ALTER TABLE public.chat_messages
    ADD CONSTRAINT chat_messages_pkey PRIMARY KEY (id);
CREATE INDEX chat_messages_session_idx ON public.chat_messages (session_id, created_at);
CREATE INDEX chat_messages_created_idx ON public.chat_messages (created_at);
CREATE INDEX chat_messages_user_idx ON public.chat_messages (user_id, created_at DESC);
CREATE INDEX chat_messages_deleted_idx ON public.chat_messages (deleted_at) WHERE deleted_at IS NOT NULL;
CREATE INDEX chat_sessions_user_idx ON public.chat_sessions (user_id);
CREATE INDEX event_outbox_waiting_idx ON public.event_outbox (id) WHERE processed_at IS NULL;
ALTER TABLE public.chat_messages
    ADD CONSTRAINT chat_messages_session_id_fkey FOREIGN KEY (session_id) REFERENCES public.chat_sessions (id) ON DELETE CASCADE,
    ADD CONSTRAINT chat_messages_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users (id);

CREATE VIEW public.live_messages AS
    SELECT id, session_id, user_id, role, content, created_at
    FROM public.chat_messages
    WHERE deleted_at IS NULL;

COMMENT ON TABLE public.chat_messages IS 'What users and assistants said';
COMMENT ON COLUMN public.chat_messages.actions IS 'Tool calls the message led to';
COMMENT ON COLUMN public.chat_messages.price IS 'In euros, as billed: the scale matters';
COMMENT ON INDEX public.chat_messages_session_idx IS 'Opens a chat';
COMMENT ON CONSTRAINT chat_messages_role_check ON public.chat_messages IS 'Roles the API knows';
