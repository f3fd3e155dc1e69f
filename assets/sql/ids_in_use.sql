-- Each key once, whatever partition its row lies in, and the partition column beside it.
DECLARE
    moved record;
BEGIN
    IF tg_op = 'TRUNCATE' THEN
        TRUNCATE {ids};
        RETURN NULL;
    ELSIF tg_level = 'STATEMENT' THEN
        -- An UPDATE of the table, the only thing that moves rows, comes before their row triggers fire.
        PERFORM set_config('ids.update', 'on', true);
        RETURN NULL;
    ELSIF tg_when = 'BEFORE' THEN
        -- Key and partition column both change. A row that moves is a deleted and an inserted one, and with another key nothing
        -- tells that it is the same: what references it would be deleted with it, or left behind.
        IF EXISTS (SELECT FROM pg_constraint WHERE contype = 'f' AND confrelid = {ids_literal}::regclass) THEN
            RAISE EXCEPTION USING ERRCODE = 'feature_not_supported', TABLE = tg_table_name, SCHEMA = tg_table_schema,
                MESSAGE = 'key and partition column of a row that foreign keys reference cannot change in one statement',
                HINT = 'Change the key in one statement and the partition column in another.';
        END IF;
        RETURN NEW;
    ELSIF tg_op = 'INSERT' THEN
        -- A row that moved is here already, at its new place: the table's own key lets no other row be there.
        INSERT INTO {ids} ({columns}) SELECT {new} WHERE NOT EXISTS (SELECT FROM {ids} AS i WHERE {same_new});
    ELSIF tg_op = 'UPDATE' THEN
        UPDATE {ids} AS i SET ({columns}) = ROW({new}) WHERE {old_key};
    ELSE
        -- PostgreSQL deletes and inserts a row that an UPDATE moves to another partition. It is not deleted, so what references
        -- it stays. Where the transaction has updated nothing every partition need not be asked.
        IF current_setting('ids.update', true) = 'on' THEN
            SELECT {moved} INTO moved FROM {table} AS n WHERE {still_there} LIMIT 1;
            IF FOUND THEN
                UPDATE {ids} AS i SET ({columns}) = ROW({moved_to}) WHERE {old_key};
                RETURN NULL;
            END IF;
        END IF;
        DELETE FROM {ids} AS i WHERE {old_key};
    END IF;
    RETURN NULL;
END
