    -- Around an exchange of the names: every row that is written is written to the follower too, in the writer's transaction. What
    -- cannot be mirrored exactly leaves its keys in the log, as at other times: the follower lacks the row (its key is still in
    -- the log, or the writer's snapshot is too old to see it), anything fails, or the statement is a large one. So nothing that
    -- goes wrong here is the application's failure, and whatever is not mirrored is replayed. Rows are read from the table, not
    -- from the transition table: another trigger may have changed them since.
    -- Nobody is waited for who could wait for this writer: a delete that cascades comes to the follower in another order than writers
    -- do. So its rows are taken with NOWAIT, and a row that keeps its key is updated in place, which asks no foreign key.
    DECLARE
        one record;
        touched bigint;
        exact boolean := true;
        stays boolean := false;
    BEGIN
        IF tg_op <> 'INSERT' THEN
            exact := (SELECT count(*) <= {few} FROM (SELECT FROM old_rows LIMIT {few} + 1) AS first);
        END IF;
        IF exact AND tg_op <> 'DELETE' THEN
            exact := (SELECT count(*) <= {few} FROM (SELECT FROM new_rows LIMIT {few} + 1) AS first);
        END IF;
        IF exact AND tg_op = 'UPDATE' THEN
            stays := NOT EXISTS (SELECT {named} FROM new_rows AS r EXCEPT SELECT {named} FROM old_rows AS r);
        END IF;
        IF exact THEN
            BEGIN
                IF tg_op <> 'INSERT' THEN
                    FOR one IN SELECT {named} FROM old_rows AS r LOOP
                        PERFORM FROM {follower_rows} AS f WHERE {follower_match} FOR UPDATE NOWAIT;
                        IF stays THEN
                            UPDATE {follower_rows} AS f SET ({columns}) = ROW ({row}) FROM {owner} AS s WHERE {follower_match} AND {owner_match};
                        ELSE
                            DELETE FROM {follower_rows} AS f WHERE {follower_match};
                        END IF;
                        GET DIAGNOSTICS touched = ROW_COUNT;
                        exact := exact AND touched = 1;
                    END LOOP;
                END IF;
                IF tg_op <> 'DELETE' AND NOT stays THEN
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
