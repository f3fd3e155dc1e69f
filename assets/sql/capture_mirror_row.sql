    -- The same, row by row.
    DECLARE
        one record;
        touched bigint;
        exact boolean := true;
        stays boolean := false;
    BEGIN
        IF tg_op = 'UPDATE' THEN
            stays := NOT EXISTS (SELECT {new_named} EXCEPT SELECT {old_named});
        END IF;
        BEGIN
            IF tg_op <> 'INSERT' THEN
                SELECT {old_named} INTO one;
                PERFORM FROM {follower_rows} AS f WHERE {follower_match} FOR UPDATE NOWAIT;
                IF stays THEN
                    UPDATE {follower_rows} AS f SET ({columns}) = ROW ({row}) FROM {owner} AS s WHERE {follower_match} AND {owner_match};
                ELSE
                    DELETE FROM {follower_rows} AS f WHERE {follower_match};
                END IF;
                GET DIAGNOSTICS touched = ROW_COUNT;
                exact := exact AND touched = 1;
            END IF;
            IF tg_op <> 'DELETE' AND NOT stays THEN
                SELECT {new_named} INTO one;
                INSERT INTO {follower} ({columns}) SELECT {row} FROM {owner} AS s WHERE {owner_match};
                GET DIAGNOSTICS touched = ROW_COUNT;
                exact := exact AND touched = 1;
            END IF;
        EXCEPTION WHEN OTHERS THEN
            exact := false;
        END;
        IF exact THEN
            RETURN NULL;
        END IF;
    END;
