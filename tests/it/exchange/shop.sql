-- A table with everything that the exchange of names has to carry, and the tables it references.
CREATE SCHEMA "My Shop";
SET search_path = "My Shop", public;
CREATE TABLE users (id bigint PRIMARY KEY, name text);
CREATE TABLE rooms (id bigint PRIMARY KEY, user_id bigint REFERENCES users ON DELETE CASCADE);
CREATE TABLE seen (message bigint, how text);
CREATE TABLE "Messages" (
    id bigserial PRIMARY KEY,
    room_id bigint NOT NULL CONSTRAINT "Messages_room_fk" REFERENCES rooms ON DELETE CASCADE ON UPDATE CASCADE,
    user_id bigint CONSTRAINT messages_user_fk REFERENCES users,
    "Body" text,
    length int GENERATED ALWAYS AS (length("Body")) STORED,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT body_is_short CHECK (length("Body") < 1000)
);
CREATE INDEX "Messages by room" ON "Messages" (room_id, created_at DESC) WHERE room_id > 0;
CREATE INDEX messages_body ON "Messages" (lower("Body"));
COMMENT ON TABLE "Messages" IS 'what people say; it''s theirs';
COMMENT ON CONSTRAINT messages_user_fk ON "Messages" IS 'the author';
COMMENT ON INDEX messages_body IS 'for search';
INSERT INTO users SELECT i, 'user ' || i FROM generate_series(1, 200) i;
INSERT INTO rooms SELECT i, i FROM generate_series(1, 200) i;
INSERT INTO "Messages" (room_id, user_id, "Body", created_at)
SELECT 1 + i % 200, 1 + i % 100, 'text ' || i, '2024-01-01 00:00+00'::timestamptz + i * interval '20 min'
FROM generate_series(1, 20000) i;
ALTER TABLE "Messages" ADD CONSTRAINT body_is_not_empty CHECK ("Body" <> '') NOT VALID;

CREATE FUNCTION "My Shop".note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO "My Shop".seen VALUES (NEW.id, TG_ARGV[0]);
    RETURN NULL;
END $$;
CREATE TRIGGER "note plain" AFTER INSERT ON "Messages" FOR EACH ROW WHEN (NEW."Body" = 'noted') EXECUTE FUNCTION "My Shop".note('plain');
CREATE TRIGGER note_always AFTER INSERT ON "Messages" FOR EACH ROW WHEN (NEW."Body" = 'noted') EXECUTE FUNCTION "My Shop".note('always');
CREATE TRIGGER note_replica AFTER INSERT ON "Messages" FOR EACH ROW EXECUTE FUNCTION "My Shop".note('replica');
CREATE TRIGGER note_never AFTER INSERT ON "Messages" FOR EACH ROW EXECUTE FUNCTION "My Shop".note('never');
ALTER TABLE "Messages" ENABLE ALWAYS TRIGGER note_always;
ALTER TABLE "Messages" ENABLE REPLICA TRIGGER note_replica;
ALTER TABLE "Messages" DISABLE TRIGGER note_never;
COMMENT ON TRIGGER note_always ON "Messages" IS 'always';

CREATE VIEW recent WITH (security_barrier = true) AS
    SELECT m.id, m."Body" AS body, u.name FROM "Messages" m LEFT JOIN users u ON u.id = m.user_id WHERE m.created_at > '2024-02-01 00:00+00';
CREATE VIEW "by room" AS SELECT room_id, count(*) AS messages FROM "Messages" GROUP BY room_id;
COMMENT ON VIEW recent IS 'since February';
GRANT SELECT, INSERT ON "Messages" TO PUBLIC;
GRANT UPDATE ("Body") ON "Messages" TO pg_monitor WITH GRANT OPTION;
GRANT DELETE ON "Messages" TO pg_monitor;
GRANT USAGE ON SCHEMA "My Shop" TO PUBLIC;
GRANT USAGE ON SEQUENCE "Messages_id_seq" TO PUBLIC;
