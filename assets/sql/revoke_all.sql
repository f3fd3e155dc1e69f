-- Statements that take every right on a relation and its columns from everyone but its owner. $1 relation.
SELECT format('REVOKE ALL ON TABLE %s FROM %s', $1::regclass,
              CASE WHEN acl.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(acl.grantee)) END)
FROM pg_class c, aclexplode(c.relacl) AS acl
WHERE c.oid = $1::regclass AND acl.grantee <> c.relowner
GROUP BY acl.grantee
