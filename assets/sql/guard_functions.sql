-- The functions behind the triggers that refuse.
CREATE OR REPLACE FUNCTION {truncate}() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS {quote}
BEGIN
    RAISE EXCEPTION USING ERRCODE = 'object_in_use',
        MESSAGE = format('cannot truncate %I.%I: quarterdeck migration %s is under way', tg_table_schema, tg_table_name, tg_argv[0]),
        HINT = 'Delete the rows instead, or end the migration first: quarterdeck abort, or quarterdeck finish after the swap.';
END
{quote};
-- The old table takes writes of our replay, and of triggers: the mirror's, and foreign keys that act on it (ON DELETE CASCADE and
-- the like); of nobody else.
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
REVOKE ALL ON FUNCTION {truncate}(), {guard}() FROM PUBLIC;
