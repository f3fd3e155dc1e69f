    -- The same, row by row.
    DECLARE
        one record;
        touched bigint;
        exact boolean := true;
    BEGIN
        BEGIN
            IF tg_op <> 'INSERT' THEN
                SELECT {old_named} INTO one;
                DELETE FROM {follower_rows} AS f WHERE {follower_match};
                GET DIAGNOSTICS touched = ROW_COUNT;
                exact := exact AND touched = 1;
            END IF;
            IF tg_op <> 'DELETE' THEN
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
