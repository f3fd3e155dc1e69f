-- While the partitioned table is being built. Replay may bring a row's new place before it takes the old one away, so the place
-- that came last counts, and only that place is taken away.
BEGIN
    IF tg_op = 'TRUNCATE' THEN
        TRUNCATE {ids};
        RETURN NULL;
    ELSIF tg_level = 'STATEMENT' THEN
        RETURN NULL;
    ELSIF tg_when = 'BEFORE' THEN
        RETURN NEW;
    END IF;
    IF tg_op <> 'INSERT' THEN
        DELETE FROM {ids} AS i WHERE {same_old};
    END IF;
    IF tg_op <> 'DELETE' THEN
        INSERT INTO {ids} ({columns}) VALUES ({new})
        ON CONFLICT ({key}) DO UPDATE SET ({columns}) = ROW({excluded});
    END IF;
    RETURN NULL;
END
