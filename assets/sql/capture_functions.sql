-- The functions behind our triggers. They name every object in full, belong to the tool's role, and write nothing but the log;
-- while the table that lost the name still has foreign keys, they also delete from it what was updated or deleted.
CREATE OR REPLACE FUNCTION {capture}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS {quote}
BEGIN
    IF tg_op <> 'INSERT' THEN
        INSERT INTO {log} ({log_key}) SELECT {each} FROM old_rows AS r;{shed}
    END IF;
    IF tg_op <> 'DELETE' THEN
        INSERT INTO {log} ({log_key}) SELECT {each} FROM new_rows AS r;
    END IF;
    RETURN NULL;
END
{quote};
CREATE OR REPLACE FUNCTION {capture_row}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS {quote}
BEGIN
    IF tg_op <> 'INSERT' THEN
        INSERT INTO {log} ({log_key}) VALUES ({old});{shed_row}
    END IF;
    IF tg_op <> 'DELETE' THEN
        INSERT INTO {log} ({log_key}) VALUES ({new});
    END IF;
    RETURN NULL;
END
{quote};
CREATE OR REPLACE FUNCTION {truncate}() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS {quote}
BEGIN
    RAISE EXCEPTION USING ERRCODE = 'object_in_use',
        MESSAGE = format('cannot truncate %I.%I: quarterdeck migration %s is under way', tg_table_schema, tg_table_name, tg_argv[0]),
        HINT = 'Delete the rows instead, or end the migration first: quarterdeck abort, or quarterdeck finish after the swap.';
END
{quote};
-- The old table takes writes of our replay, and of foreign keys that act on it (ON DELETE CASCADE and the like); of nobody else.
CREATE OR REPLACE FUNCTION {guard}() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS {quote}
BEGIN
    IF current_setting('quarterdeck.pass', true) = tg_argv[0] OR (pg_trigger_depth() > 1 AND tg_op <> 'TRUNCATE') THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION USING ERRCODE = 'object_in_use',
        MESSAGE = format('cannot write %I.%I: quarterdeck migration %s has put a partitioned table in its place', tg_table_schema, tg_table_name, tg_argv[0]),
        HINT = 'Write to the partitioned table; what changes there is carried over.';
END
{quote};
-- STABLE, so that it looks with the snapshot of the statement that fired it: a REPEATABLE READ transaction that waited for
-- the exchange of the names does not see this very trigger, nor the rows that the last drain wrote.
CREATE OR REPLACE FUNCTION {snapshot}() RETURNS trigger LANGUAGE plpgsql STABLE SET search_path = pg_catalog AS {quote}
BEGIN
    IF NOT EXISTS (SELECT FROM pg_trigger WHERE tgrelid = tg_relid AND tgname = tg_name) THEN
        RAISE EXCEPTION USING ERRCODE = 'serialization_failure',
            MESSAGE = format('could not serialize access: %I.%I was exchanged after the transaction''s snapshot was taken', tg_table_schema, tg_table_name),
            HINT = 'The transaction might succeed if retried.';
    END IF;
    RETURN NULL;
END
{quote};
REVOKE ALL ON FUNCTION {capture}(), {capture_row}(), {truncate}(), {guard}(), {snapshot}() FROM PUBLIC;
