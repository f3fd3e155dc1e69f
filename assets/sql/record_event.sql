-- Appends an event under the fence, in one statement. $1 migration, $2 epoch, $3 time, $4 body.
WITH fence AS MATERIALIZED (
    SELECT migration_id FROM quarterdeck.fence WHERE migration_id = $1 AND epoch = $2 FOR SHARE
)
INSERT INTO quarterdeck.event (migration_id, at, body)
SELECT migration_id, $3, $4 FROM fence
RETURNING seq
