-- Everything that hangs on the table and is not known to be carried over: (kind, name). $1 the table's OID.
-- The first CASE knows what is carried over, or reported by a query of its own (NULL); what it does not know is 'other'.
WITH self AS (
    SELECT c.*, t.typarray FROM pg_class c LEFT JOIN pg_type t ON t.oid = c.reltype WHERE c.oid = $1
), own_index AS (
    SELECT i.*, c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE i.indrelid = $1
), own_constraint AS (
    SELECT con.*, to_jsonb(con) AS newer FROM pg_constraint con WHERE con.conrelid = $1
), own_sequence AS (
    SELECT s.oid, s.relacl, s.relowner, a.attname, d.deptype,
           row_number() OVER (PARTITION BY d.refobjsubid ORDER BY d.deptype DESC, s.oid) AS place
    FROM pg_depend d
    JOIN pg_class s ON s.oid = d.objid AND s.relkind = 'S'
    JOIN pg_attribute a ON a.attrelid = $1 AND a.attnum = d.refobjsubid
    WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjid = $1 AND d.deptype IN ('a', 'i')
), dependant AS (
    SELECT DISTINCT d.classid, d.objid, d.objsubid, d.refclassid
    FROM pg_depend d
    WHERE d.classid <> 0 -- a pin, before PostgreSQL 15
      AND (d.refclassid = 'pg_class'::regclass AND d.refobjid = $1
           OR d.refclassid = 'pg_class'::regclass AND d.refobjid IN (SELECT indexrelid FROM own_index)
           OR d.refclassid = 'pg_type'::regclass AND d.refobjid IN (SELECT unnest(ARRAY[reltype, typarray]) FROM self)
           OR d.refclassid = 'pg_constraint'::regclass AND d.refobjid IN (SELECT oid FROM own_constraint))
), hanger AS (
    SELECT CASE
               -- a generated column depends on its neighbours: in PostgreSQL 14 as a column, later as a default
               WHEN d.classid = 'pg_class'::regclass AND d.objid = $1 THEN NULL
               WHEN d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.objsubid = 0 AND
                    (SELECT c.relkind IN ('i', 'I', 't', 'S') OR EXISTS (SELECT FROM pg_inherits WHERE inhrelid = c.oid)
                     FROM pg_class c WHERE c.oid = d.objid) THEN NULL
               WHEN d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_constraint'::regclass
                    AND d.objid IN (SELECT indexrelid FROM own_index) THEN NULL
               WHEN d.classid = 'pg_type'::regclass AND d.objid IN (SELECT unnest(ARRAY[reltype, typarray]) FROM self) THEN NULL
               WHEN d.classid = 'pg_constraint'::regclass
                    AND (SELECT con.conrelid = $1 OR con.contype = 'f' OR con.conparentid <> 0 FROM pg_constraint con WHERE con.oid = d.objid) THEN NULL
               WHEN d.classid = 'pg_attrdef'::regclass
                    AND (SELECT f.adrelid = $1 FROM pg_attrdef f WHERE f.oid = d.objid) THEN NULL
               WHEN d.classid = 'pg_trigger'::regclass
                    AND (SELECT t.tgrelid = $1 OR t.tgconstrrelid = $1 OR t.tgisinternal FROM pg_trigger t WHERE t.oid = d.objid)
                    THEN NULL
               WHEN d.classid IN ('pg_statistic_ext'::regclass, 'pg_publication_rel'::regclass) THEN NULL
               WHEN d.classid = 'pg_rewrite'::regclass THEN
                    (SELECT CASE WHEN w.rulename <> '_RETURN' THEN 'rule'
                                 WHEN v.relkind = 'm' THEN 'materialised_view'
                                 WHEN d.refclassid <> 'pg_class'::regclass THEN 'view'
                                 WHEN strpos(pg_get_viewdef(v.oid), 'ONLY ' || $1::oid::regclass::text) > 0 THEN 'view'
                            END
                     FROM pg_rewrite w JOIN pg_class v ON v.oid = w.ev_class WHERE w.oid = d.objid)
               WHEN d.classid = 'pg_policy'::regclass THEN
                    (SELECT 'policy' FROM pg_policy p WHERE p.oid = d.objid AND p.polrelid <> $1)
               WHEN d.classid = 'pg_proc'::regclass THEN
                    (SELECT 'function' FROM pg_proc p
                     WHERE p.oid = d.objid AND p.proname !~ '^quarterdeck_'
                       AND p.pronamespace IS DISTINCT FROM to_regnamespace('quarterdeck'))
               WHEN d.refclassid = 'pg_type'::regclass THEN 'row_type'
               ELSE 'other'
           END AS kind,
           replace(pg_describe_object(d.classid, d.objid, d.objsubid), 'rule _RETURN on ', '') AS name
    FROM dependant d
    UNION ALL
    SELECT 'inheritance', 'child ' || inhrelid::regclass FROM pg_inherits
    WHERE inhparent = $1 AND NOT (SELECT relispartition FROM pg_class WHERE oid = inhrelid)
    UNION ALL
    SELECT 'inheritance', 'parent ' || inhparent::regclass FROM pg_inherits WHERE inhrelid = $1
    UNION ALL
    -- Those that name the table are carried over.
    SELECT 'publication', p.pubname::text FROM self, pg_namespace n, pg_publication_tables p
    WHERE n.oid = self.relnamespace AND p.schemaname = n.nspname AND p.tablename = self.relname
      AND NOT EXISTS (SELECT FROM pg_publication_rel r JOIN pg_publication q ON q.oid = r.prpubid
                      WHERE r.prrelid = $1 AND q.pubname = p.pubname)
    UNION ALL
    -- Identity: the sequence is made anew with the other table's column.
    SELECT 'sequence', replace(pg_describe_object(d.classid, d.objid, d.objsubid), 'rule _RETURN on ', '')
    FROM pg_depend d JOIN own_sequence s ON s.oid = d.refobjid AND s.deptype = 'i'
    WHERE d.refclassid = 'pg_class'::regclass AND d.classid <> 0 AND d.deptype = 'n'
    UNION ALL
    SELECT 'sequence', format('%s, another one of column %s', oid::regclass, attname) FROM own_sequence WHERE place > 1
    UNION ALL
    SELECT 'subscription', s.subname::text
    FROM pg_subscription_rel r JOIN pg_subscription s ON s.oid = r.srsubid WHERE r.srrelid = $1
    UNION ALL
    SELECT 'statistics', s.stxname::text FROM pg_statistic_ext s, self
    WHERE s.stxrelid = $1 AND (s.stxnamespace <> self.relnamespace OR s.stxowner <> self.relowner)
    UNION ALL
    SELECT 'extension', e.extname::text
    FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid
    WHERE d.refclassid = 'pg_extension'::regclass
      AND (d.classid = 'pg_class'::regclass AND d.objid = $1
           OR d.deptype = 'x' AND (d.classid = 'pg_class'::regclass AND d.objid IN (SELECT indexrelid FROM own_index)
                OR d.classid = 'pg_trigger'::regclass AND d.objid IN (SELECT oid FROM pg_trigger WHERE tgrelid = $1)))
    UNION ALL
    SELECT 'typed_table', format_type(reloftype, NULL) FROM self WHERE reloftype <> 0
    UNION ALL
    SELECT 'access_method', am.amname::text FROM self JOIN pg_am am ON am.oid = self.relam WHERE am.amname <> 'heap'
    UNION ALL
    -- A whole-row variable is attribute 0; the new table's row type is another.
    SELECT 'index', relname || ' over the whole row' FROM own_index
    WHERE concat(indexprs::text, indpred::text) LIKE '%:varattno 0 %'
    UNION ALL
    SELECT 'check', format('%s names the whole row or a system column', conname)
    FROM own_constraint WHERE contype = 'c' AND 0 >= ANY (conkey)
    UNION ALL
    SELECT 'check', format('%s is not enforced', conname)
    FROM own_constraint WHERE contype = 'c' AND newer ->> 'conenforced' = 'false'
    UNION ALL
    SELECT 'not_null', format('%s%s%s', conname, CASE WHEN connoinherit THEN ' NO INHERIT' END,
                              CASE WHEN NOT convalidated THEN ' NOT VALID' END)
    FROM own_constraint WHERE contype = 'n' AND (connoinherit OR NOT convalidated)
    UNION ALL
    SELECT 'foreign_key', conname || CASE WHEN newer ->> 'conperiod' = 'true' THEN ' is temporal'
                                          WHEN newer ->> 'conenforced' = 'false' THEN ' is not enforced'
                                          ELSE format(' references partitioned table %s', confrelid::regclass) END
    FROM own_constraint
    WHERE contype = 'f' AND conparentid = 0
      AND ('true' = newer ->> 'conperiod' OR 'false' = newer ->> 'conenforced'
           OR (SELECT relkind = 'p' FROM pg_class WHERE oid = confrelid))
    UNION ALL
    SELECT 'security_label', provider || ': ' || label FROM pg_seclabel
    WHERE classoid = 'pg_class'::regclass AND objoid = $1
    UNION ALL
    SELECT 'grant', format('%s to %s by %s', acl.privilege_type,
                           CASE acl.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(acl.grantee)::text END,
                           pg_get_userbyid(acl.grantor))
    FROM (SELECT relacl AS acl FROM self
          UNION ALL
          SELECT attacl FROM pg_attribute WHERE attrelid = $1 AND attnum > 0 AND NOT attisdropped
          UNION ALL
          SELECT relacl FROM own_sequence WHERE deptype = 'i') a, self, aclexplode(a.acl) acl
    WHERE acl.grantor <> self.relowner
       OR strpos(pg_get_userbyid(acl.grantee)::text, '{}') > 0
    UNION ALL
    SELECT 'grant', format('%s revoked from the owner', own.privilege_type)
    FROM self, aclexplode(acldefault('r', self.relowner)) own
    WHERE self.relacl IS NOT NULL AND own.grantee = self.relowner
      AND NOT EXISTS (SELECT FROM aclexplode(self.relacl) acl
                      WHERE acl.grantee = self.relowner AND acl.privilege_type = own.privilege_type)
)
SELECT DISTINCT kind, name FROM hanger WHERE kind IS NOT NULL ORDER BY 1, 2
