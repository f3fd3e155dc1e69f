    -- Around an exchange of the names: every row that is written is written to the follower too, in the writer's transaction. What
    -- cannot be mirrored exactly leaves its keys in the log, as at other times: the follower lacks the row (its key is still in
    -- the log, or the writer's snapshot is too old to see it), anything fails, or the statement is a large one. So nothing that
    -- goes wrong here is the application's failure, and whatever is not mirrored is replayed. Rows are read from the table, not
    -- from the transition table: another trigger may have changed them since.
    DECLARE
        one record;
        touched bigint;
        exact boolean := true;
    BEGIN
        IF tg_op <> 'INSERT' THEN
            exact := (SELECT count(*) <= {few} FROM (SELECT FROM old_rows LIMIT {few} + 1) AS first);
        END IF;
        IF exact AND tg_op <> 'DELETE' THEN
            exact := (SELECT count(*) <= {few} FROM (SELECT FROM new_rows LIMIT {few} + 1) AS first);
        END IF;
        IF exact THEN
            BEGIN
                IF tg_op <> 'INSERT' THEN
                    FOR one IN SELECT {named} FROM old_rows AS r LOOP
                        DELETE FROM {follower_rows} AS f WHERE {follower_match};
                        GET DIAGNOSTICS touched = ROW_COUNT;
                        exact := exact AND touched = 1;
                    END LOOP;
                END IF;
                IF tg_op <> 'DELETE' THEN
                    FOR one IN SELECT {named} FROM new_rows AS r LOOP
                        INSERT INTO {follower} ({columns}) SELECT {row} FROM {owner} AS s WHERE {owner_match};
                        GET DIAGNOSTICS touched = ROW_COUNT;
                        exact := exact AND touched = 1;
                    END LOOP;
                END IF;
            EXCEPTION WHEN OTHERS THEN
                exact := false;
            END;
        END IF;
        IF exact THEN
            RETURN NULL;
        END IF;
    END;
