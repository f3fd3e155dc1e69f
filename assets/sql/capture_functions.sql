-- Capture: the key of every row that is written lands in the log, in the writer's transaction. Every object is named in full; the
-- functions belong to the tool's role. Around an exchange of the names each tries to mirror first. Its statements are planned once a
-- session, for any key: what the planner guesses of one key's time would decide by which index the key is sought.
CREATE OR REPLACE FUNCTION {capture}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog SET plan_cache_mode = force_generic_plan AS {quote}
BEGIN
{mirror}    IF tg_op <> 'INSERT' THEN
        INSERT INTO {log} ({log_key}) SELECT {each} FROM old_rows AS r;
    END IF;
    IF tg_op <> 'DELETE' THEN
        INSERT INTO {log} ({log_key}) SELECT {each} FROM new_rows AS r;
    END IF;
    RETURN NULL;
END
{quote};
CREATE OR REPLACE FUNCTION {capture_row}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog SET plan_cache_mode = force_generic_plan AS {quote}
BEGIN
{mirror_row}    IF tg_op <> 'INSERT' THEN
        INSERT INTO {log} ({log_key}) VALUES ({old});
    END IF;
    IF tg_op <> 'DELETE' THEN
        INSERT INTO {log} ({log_key}) VALUES ({new});
    END IF;
    RETURN NULL;
END
{quote};
REVOKE ALL ON FUNCTION {capture}(), {capture_row}() FROM PUBLIC;
