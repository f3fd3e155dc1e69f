DO {quote}
-- A new partition's replica identity is the index that belongs to the same one of its table as its model's.
DECLARE
    index regclass;
BEGIN
    SELECT mine.inhrelid::regclass INTO STRICT index
    FROM pg_inherits model
    JOIN pg_inherits mine ON mine.inhparent = model.inhparent
    JOIN pg_index i ON i.indexrelid = mine.inhrelid
    WHERE model.inhrelid = {index}::regclass AND i.indrelid = {part}::regclass;
    EXECUTE format('ALTER TABLE %s REPLICA IDENTITY USING INDEX %I', {part}::regclass, (SELECT relname FROM pg_class WHERE oid = index));
END
{quote}
