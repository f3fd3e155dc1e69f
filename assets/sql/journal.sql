-- The journal. Every table has a primary key, so that a publication FOR ALL TABLES forbids nothing (TRAPS 57).
CREATE SCHEMA IF NOT EXISTS quarterdeck;
REVOKE ALL ON SCHEMA quarterdeck FROM PUBLIC;

CREATE TABLE quarterdeck.version (
    version integer PRIMARY KEY
);

-- One row a migration. State lives here, apart from the fence: an owner never waits for its own workers (TRAPS 61).
CREATE TABLE quarterdeck.migration (
    id uuid PRIMARY KEY,
    source_oid oid NOT NULL,
    table_schema text NOT NULL,
    table_name text NOT NULL,
    scheme jsonb NOT NULL,
    phase text NOT NULL,
    fingerprint text NOT NULL DEFAULT '',
    paused text,
    last_error text,
    unknown text,
    workers integer NOT NULL DEFAULT 2,
    -- Limits of signals that slow or hold the work, as `quarterdeck tune` writes them; those not named are as usual.
    limits jsonb NOT NULL DEFAULT '[]',
    created_at timestamptz NOT NULL DEFAULT now(),
    verified_at timestamptz,
    swapped_at timestamptz,
    ended_at timestamptz
);
-- Two migrations of one table cannot run at once.
CREATE UNIQUE INDEX migration_live ON quarterdeck.migration (source_oid)
    WHERE phase NOT IN ('finished', 'aborted');

-- The epoch lives alone: changed only by a take-over, read FOR SHARE by every writing transaction (TRAPS 48).
CREATE TABLE quarterdeck.fence (
    migration_id uuid PRIMARY KEY REFERENCES quarterdeck.migration ON DELETE CASCADE,
    epoch bigint NOT NULL
);

CREATE TABLE quarterdeck.owner (
    migration_id uuid PRIMARY KEY REFERENCES quarterdeck.migration ON DELETE CASCADE,
    epoch bigint NOT NULL,
    host text NOT NULL,
    pid bigint NOT NULL,
    since timestamptz NOT NULL DEFAULT now(),
    live jsonb,
    live_at timestamptz
);

CREATE TABLE quarterdeck.chunk (
    migration_id uuid NOT NULL REFERENCES quarterdeck.migration ON DELETE CASCADE,
    id integer NOT NULL,
    first_block bigint NOT NULL,
    end_block bigint NOT NULL,
    lowers timestamptz[],
    counts bigint[],
    copied bigint[],
    done boolean NOT NULL DEFAULT false,
    attempts integer NOT NULL DEFAULT 0,
    took_ms bigint,
    PRIMARY KEY (migration_id, id)
);

CREATE TABLE quarterdeck.leaf (
    migration_id uuid NOT NULL REFERENCES quarterdeck.migration ON DELETE CASCADE,
    n integer NOT NULL,
    name text NOT NULL,
    lower timestamptz,
    upper timestamptz,
    state text NOT NULL DEFAULT 'pending',
    counted bigint NOT NULL DEFAULT 0,
    source_rows bigint,
    target_rows bigint,
    priority integer NOT NULL DEFAULT 0,
    diffs bigint,
    verified_at timestamptz,
    PRIMARY KEY (migration_id, n)
);

CREATE TABLE quarterdeck.event (
    migration_id uuid NOT NULL REFERENCES quarterdeck.migration ON DELETE CASCADE,
    seq bigint GENERATED ALWAYS AS IDENTITY,
    at timestamptz NOT NULL,
    body jsonb NOT NULL,
    PRIMARY KEY (migration_id, seq)
);

CREATE TABLE quarterdeck.command (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    migration_id uuid NOT NULL REFERENCES quarterdeck.migration ON DELETE CASCADE,
    at timestamptz NOT NULL DEFAULT now(),
    asked jsonb NOT NULL,
    accepted_at timestamptz,
    finished_at timestamptz,
    error jsonb
);

CREATE TABLE quarterdeck.diff (
    migration_id uuid NOT NULL REFERENCES quarterdeck.migration ON DELETE CASCADE,
    n bigint GENERATED ALWAYS AS IDENTITY,
    body jsonb NOT NULL,
    PRIMARY KEY (migration_id, n)
);

-- Keys of the old table that two rows of the partitioned one share: they block `reverse` (DESIGN 4.10).
CREATE TABLE quarterdeck.duplicate_key (
    migration_id uuid NOT NULL REFERENCES quarterdeck.migration ON DELETE CASCADE,
    key text NOT NULL,
    PRIMARY KEY (migration_id, key)
);

REVOKE ALL ON ALL TABLES IN SCHEMA quarterdeck FROM PUBLIC;
INSERT INTO quarterdeck.version VALUES (2);
