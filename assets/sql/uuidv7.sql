-- uuidv7() for servers before PostgreSQL 18: RFC 9562, version 7, with 12 bits of the millisecond's fraction (section 6.2,
-- method 3). Each id of a session is higher than its last one, also within a millisecond and where the clock is put back.
CREATE OR REPLACE FUNCTION {schema}.uuidv7() RETURNS uuid
LANGUAGE plpgsql VOLATILE PARALLEL RESTRICTED SET search_path = pg_catalog
AS $quarterdeck$
DECLARE
    -- Milliseconds since 1970, times 4096.
    tick bigint := floor(extract(epoch FROM clock_timestamp()) * 4096000);
    last bigint := coalesce(nullif(current_setting('quarterdeck.uuidv7', true), '')::bigint, 0);
BEGIN
    IF tick <= last THEN
        tick := last + 1;
    END IF;
    PERFORM set_config('quarterdeck.uuidv7', tick::text, false);
    -- The variant and 62 random bits are those of a UUID of version 4.
    RETURN (lpad(to_hex(tick >> 12), 12, '0') || '7' || lpad(to_hex(tick & 4095), 3, '0')
            || right(replace(gen_random_uuid()::text, '-', ''), 16))::uuid;
END
$quarterdeck$
