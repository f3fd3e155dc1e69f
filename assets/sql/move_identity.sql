DO {quote}
-- The column is numbered by the other table from now on: same sequence name, same options, same position.
DECLARE
    at bigint;
    called boolean;
    grantee text;
BEGIN
    -- Changes nothing. Waits for whoever has called nextval in an open transaction, and has others wait meanwhile.
    ALTER SEQUENCE {sequence} {options};
    SELECT last_value, is_called INTO at, called FROM {sequence};
    ALTER TABLE {from} ALTER COLUMN {column} DROP IDENTITY;
    ALTER TABLE {to} ALTER COLUMN {column} ADD GENERATED {kind} AS IDENTITY (SEQUENCE NAME {sequence} {options});
    PERFORM setval({sequence_text}, at, called);
    -- Default privileges may have given rights away.
    FOR grantee IN
        SELECT DISTINCT CASE WHEN acl.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(acl.grantee)) END
        FROM pg_class c, aclexplode(c.relacl) acl
        WHERE c.oid = {sequence_text}::regclass AND acl.grantee <> c.relowner
    LOOP
        EXECUTE 'REVOKE ALL ON SEQUENCE ' || {sequence_text} || ' FROM ' || grantee;
    END LOOP;
END
{quote}
