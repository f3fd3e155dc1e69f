-- A table with everything odd that is carried over.
CREATE SCHEMA "Ödd Schema";
CREATE TABLE users (id uuid PRIMARY KEY);
CREATE TYPE "Ödd Schema".mood AS ENUM ('good', 'bad');
CREATE DOMAIN "Ödd Schema".code_base AS varchar(8) CHECK (VALUE <> '');
CREATE DOMAIN "Ödd Schema".code AS "Ödd Schema".code_base;
CREATE DOMAIN "Ödd Schema".score AS numeric;
CREATE COLLATION "Ödd Schema".loose (provider = icu, locale = 'und', deterministic = false);
CREATE TABLE "Ödd Schema"."Chät Messages" (
    gone_1 text,
    id uuid NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    "Kind" "Ödd Schema".mood DEFAULT 'good',
    price numeric(10, 2),
    code "Ödd Schema".code,
    score "Ödd Schema".score,
    gone_2 int,
    word text COLLATE "Ödd Schema".loose,
    tags text[],
    "ti""tle" varchar(40),
    upper text GENERATED ALWAYS AS (upper(("ti""tle")::text)) STORED,
    n integer CONSTRAINT n_positive CHECK (n > 0),
    CONSTRAINT "Chät pk" PRIMARY KEY (id) INCLUDE (n) WITH (fillfactor = 90),
    CONSTRAINT uniq_con UNIQUE (n, created_at),
    CONSTRAINT to_user FOREIGN KEY (id) REFERENCES users ON DELETE CASCADE DEFERRABLE
) WITH (fillfactor = 80, toast.autovacuum_enabled = false);
ALTER TABLE "Ödd Schema"."Chät Messages" DROP gone_1, DROP gone_2;
ALTER TABLE "Ödd Schema"."Chät Messages" ALTER n SET STATISTICS 500, ALTER word SET STORAGE EXTERNAL;
ALTER TABLE "Ödd Schema"."Chät Messages" ADD CONSTRAINT not_yet CHECK (price < 1000) NOT VALID;
CREATE UNIQUE INDEX uniq ON "Ödd Schema"."Chät Messages" ("ti""tle", created_at);
CREATE INDEX gin ON "Ödd Schema"."Chät Messages" USING gin (tags);
CREATE INDEX brin ON "Ödd Schema"."Chät Messages" USING brin (created_at) WITH (pages_per_range = 8);
CREATE INDEX "low""er" ON "Ödd Schema"."Chät Messages" (lower(word) COLLATE "C" text_pattern_ops DESC) WHERE price > 0;
CREATE VIEW recent WITH (security_barrier) AS SELECT id, word FROM "Ödd Schema"."Chät Messages" WHERE created_at > '2024-01-01';
CREATE VIEW over_it AS SELECT id FROM recent;
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER "Touch" BEFORE INSERT OR UPDATE ON "Ödd Schema"."Chät Messages" FOR EACH ROW EXECUTE FUNCTION touch();
ALTER TABLE "Ödd Schema"."Chät Messages" ENABLE ALWAYS TRIGGER "Touch";
CREATE TRIGGER quarterdeck_insert AFTER INSERT ON "Ödd Schema"."Chät Messages" FOR EACH STATEMENT EXECUTE FUNCTION touch();
COMMENT ON TABLE "Ödd Schema"."Chät Messages" IS 'it''s odd';
COMMENT ON COLUMN "Ödd Schema"."Chät Messages".word IS 'a word';
COMMENT ON CONSTRAINT "Chät pk" ON "Ödd Schema"."Chät Messages" IS 'the key';
COMMENT ON CONSTRAINT n_positive ON "Ödd Schema"."Chät Messages" IS 'never zero';
COMMENT ON INDEX "Ödd Schema".gin IS 'all tags';
COMMENT ON TRIGGER "Touch" ON "Ödd Schema"."Chät Messages" IS 'touches';
