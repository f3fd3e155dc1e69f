//! The catalogue reader on odd tables: names, columns, indexes, rights, and everything that hangs on a table.

use quarterdeck::{
    Error,
    model::{
        hanger::HangerKind,
        ident::Ident,
        plan::Request,
        table::{ConstraintKind, Table},
    },
    pg::catalog::{list_tables, load_table, server_facts, surroundings},
};

use crate::support::{self, Db};

const ODD: &str = include_str!("sql/odd_table.sql");

async fn load(db: &Db, name: &str) -> Table {
    load_table(&db.session().await, name).await.unwrap_or_else(|e| panic!("{e}"))
}

/// What hangs on a table, as `kind name`.
async fn hanging(db: &Db, name: &str) -> Vec<String> {
    let table = load(db, name).await;
    table.facts.unhandled.iter().map(|h| format!("{} {}", h.kind.word(), h.name)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_odd_table_is_read_whole() {
    support::on_each_server(async |server| {
        let db = server.database("odd").await;
        db.sql(ODD).await;
        let table = load(&db, "\"Ödd Schema\".\"Chät Messages\"").await;
        assert_eq!(hanging(&db, "\"Ödd Schema\".\"Chät Messages\"").await, Vec::<String>::new());
        assert_eq!(table.facts.kind, "rp");
        assert_eq!(table.comment.as_deref(), Some("it's odd"));
        assert_eq!(table.facts.options, ["fillfactor=80", "toast.autovacuum_enabled=false"]);
        assert_eq!(columns(&table), [
            "id uuid not_null",
            "created_at timestamp with time zone not_null",
            "Kind \"Ödd Schema\".mood",
            "price numeric(10,2)",
            "code \"Ödd Schema\".code",
            "score \"Ödd Schema\".score",
            "word text",
            "tags text[] unfindable",
            "ti\"tle character varying(40)",
            "upper text generated",
            "n integer",
        ]);
        assert_eq!(table.column(&Ident::new("n")).unwrap().statistics_target, Some(500));
        assert_eq!(indexes(&table), [
            "PrimaryKey Chät pk: [id] PRIMARY KEY (id) INCLUDE (n) {fillfactor=90} / the key",
            "Plain brin: [created_at] USING brin (created_at) WITH (pages_per_range='8') {pages_per_range=8} /",
            "Plain gin: [tags] USING gin (tags) / all tags",
            "Plain low\"er: [?] USING btree (lower(word) COLLATE \"C\" text_pattern_ops DESC) \
             WHERE (price > (0)::numeric) /",
            "Unique uniq: [ti\"tle,created_at] USING btree (\"ti\"\"tle\", created_at) /",
            "UniqueConstraint uniq_con: [n,created_at] UNIQUE (n, created_at) /",
        ]);
        assert_eq!(constraints(&table), [
            "check n_positive CHECK ((n > 0)) valid / never zero",
            "check not_yet CHECK ((price < (1000)::numeric)) not valid /",
            "fk to_user FOREIGN KEY (id) REFERENCES public.users(id) ON DELETE CASCADE DEFERRABLE valid /",
        ]);
        let trigger = &table.triggers[0];
        assert_eq!((trigger.name.as_str(), trigger.enabled, trigger.before_row), ("Touch", 'A', true));
        assert_eq!(trigger.comment.as_deref(), Some("touches"));
        assert!(trigger.definition.contains("ON \"Ödd Schema\".\"Chät Messages\" FOR EACH ROW"));
        assert_eq!(table.triggers.len(), 1, "ours are not the application's");
        let views: Vec<_> = table.views.iter().map(|v| (v.name.plain(), v.options.join(","))).collect();
        assert_eq!(views, [("public.recent".into(), "security_barrier=true".into())]);
        assert!(table.views[0].definition.contains("FROM \"Ödd Schema\".\"Chät Messages\""));
        assert!(!table.views[0].definition.ends_with(';'));
    })
    .await;
}

fn columns(table: &Table) -> Vec<String> {
    let mark = |holds: bool, word: &'static str| if holds { word } else { "" };
    let one = |c: &quarterdeck::model::table::Column| {
        [
            c.name.as_str(),
            &c.type_sql,
            mark(c.not_null, "not_null"),
            mark(c.generated, "generated"),
            mark(!c.comparable, "incomparable"),
            mark(!c.findable, "unfindable"),
        ]
        .into_iter()
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
    };
    table.columns.iter().map(one).collect()
}

fn indexes(table: &Table) -> Vec<String> {
    let one = |i: &quarterdeck::model::table::Index| {
        let key: Vec<_> = i.key.iter().map(|k| k.as_ref().map_or("?", Ident::as_str)).collect();
        let options =
            if i.options.is_empty() { String::new() } else { format!(" {{{}}}", i.options.join(",")) };
        let comment = i.comment.as_deref().or(i.constraint_comment.as_deref()).unwrap_or_default();
        assert!(i.valid && !i.deferrable);
        format!("{:?} {}: [{}] {}{options} / {comment}", i.role, i.name.as_str(), key.join(","), i.definition)
            .trim_end()
            .to_owned()
    };
    table.indexes.iter().map(one).collect()
}

fn constraints(table: &Table) -> Vec<String> {
    let one = |c: &quarterdeck::model::table::Constraint| {
        let kind = match &c.kind {
            ConstraintKind::Check { no_inherit: false } => "check",
            ConstraintKind::Check { no_inherit: true } => "check no inherit",
            ConstraintKind::ForeignKey { .. } => "fk",
            ConstraintKind::Other => "other",
        };
        let valid = if c.validated { "valid" } else { "not valid" };
        format!(
            "{kind} {} {} {valid} / {}",
            c.name.as_str(),
            c.definition,
            c.comment.as_deref().unwrap_or_default()
        )
        .trim_end()
        .to_owned()
    };
    table.constraints.iter().map(one).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn rights_become_statements_that_give_them_again() {
    support::on_each_server(async |server| {
        let db = server.database("rights").await;
        let (reader, writer) = (format!("Read\"er {}", db.name()), format!("writer {}", db.name()));
        let (reader, writer) = (Ident::new(reader), Ident::new(writer));
        db.sql(&format!(
            "CREATE ROLE {reader}; CREATE ROLE {writer};
             CREATE TABLE t (id int PRIMARY KEY, \"a B\" int, c int); CREATE TABLE copy (LIKE t);
             GRANT SELECT, INSERT ON t TO {reader}; GRANT UPDATE ON t TO {writer} WITH GRANT OPTION;
             GRANT SELECT (id, \"a B\") ON t TO {writer}; GRANT UPDATE (c) ON t TO PUBLIC; GRANT TRUNCATE ON t TO PUBLIC;"
        ))
        .await;
        let grants = load(&db, "t").await.grants;
        for grant in &grants {
            db.sql(&grant.replacen("{}", "public.copy", 1)).await;
        }
        let acl = async |name: &str| {
            db.rows(&format!(
                "SELECT a::text FROM (SELECT unnest(relacl) a FROM pg_class WHERE oid = '{name}'::regclass
                 UNION ALL SELECT unnest(attacl) FROM pg_attribute WHERE attrelid = '{name}'::regclass) x ORDER BY 1"
            ))
            .await
        };
        assert_eq!(acl("t").await, acl("copy").await);
        assert_eq!(grants.len(), 6, "{grants:?}");
        assert_eq!(hanging(&db, "t").await, Vec::<String>::new());

        db.sql(&format!(
            "SET ROLE {writer}; GRANT UPDATE ON t TO {reader}; RESET ROLE; REVOKE DELETE ON t FROM CURRENT_USER"
        ))
        .await;
        let hangs = hanging(&db, "t").await;
        assert_eq!(hangs.len(), 2, "{hangs:?}");
        assert!(hangs[0].starts_with("grant DELETE revoked from the owner"), "{hangs:?}");
        assert!(hangs[1].starts_with("grant UPDATE to Read"), "{hangs:?}");
        db.sql(&format!("DROP OWNED BY {reader}, {writer}; DROP ROLE {reader}, {writer}")).await;
    })
    .await;
}

/// Each makes one thing hang on table `t`; the word and a part of the name that must come out.
const HANGING: &[(&str, &str, &str)] = &[
    ("CREATE RULE archive AS ON DELETE TO t DO ALSO SELECT 1", "rule", "archive"),
    (
        "CREATE TABLE o (a int); CREATE RULE r AS ON INSERT TO o DO ALSO DELETE FROM t",
        "rule",
        "r on table public.o",
    ),
    (
        "CREATE TABLE o (a int); CREATE POLICY p ON o USING (EXISTS (SELECT FROM t))",
        "policy",
        "p on table public.o",
    ),
    ("CREATE PUBLICATION pub_all FOR ALL TABLES", "publication", "pub_all"),
    ("CREATE MATERIALIZED VIEW mv AS SELECT w FROM t", "materialised_view", "mv"),
    ("CREATE FUNCTION f() RETURNS bigint BEGIN ATOMIC SELECT count(*) FROM t; END", "function", "public.f()"),
    ("CREATE FUNCTION f(t) RETURNS text LANGUAGE sql AS 'SELECT $1.w'", "function", "public.f(public.t)"),
    ("CREATE FUNCTION f() RETURNS SETOF t LANGUAGE sql AS 'SELECT * FROM t'", "function", "public.f()"),
    ("CREATE TABLE o (whole t)", "row_type", "column whole of table public.o"),
    ("CREATE TABLE o (many t[])", "row_type", "column many of table public.o"),
    ("CREATE DOMAIN d AS t", "row_type", "type public.d"),
    ("CREATE VIEW v AS SELECT t FROM t", "row_type", "column t of view public.v"),
    ("CREATE VIEW v AS SELECT w FROM ONLY t", "view", "v"),
    ("CREATE VIEW v AS SELECT id, w FROM t GROUP BY id", "view", "v"),
    ("CREATE TABLE kid () INHERITS (t)", "inheritance", "child public.kid"),
    ("CREATE TABLE mum (w text); ALTER TABLE t INHERIT mum", "inheritance", "parent public.mum"),
    (
        "CREATE STATISTICS s (dependencies) ON id, w FROM t; ALTER STATISTICS s OWNER TO pg_monitor",
        "statistics",
        "s",
    ),
    (
        "CREATE SCHEMA o; CREATE STATISTICS o.s (dependencies) ON id, w FROM t; ALTER STATISTICS o.s OWNER TO pg_monitor",
        "statistics",
        "s",
    ),
    (
        "ALTER TABLE t ALTER id ADD GENERATED ALWAYS AS IDENTITY; CREATE TABLE o (a int DEFAULT nextval('t_id_seq'))",
        "sequence",
        "default value for column a of table public.o",
    ),
    (
        "ALTER TABLE t ALTER id ADD GENERATED ALWAYS AS IDENTITY; ALTER TABLE t ADD n int DEFAULT nextval('t_id_seq')",
        "sequence",
        "default value for column n of table public.t",
    ),
    (
        "ALTER TABLE t ALTER id ADD GENERATED ALWAYS AS IDENTITY; CREATE VIEW v AS SELECT last_value FROM t_id_seq",
        "sequence",
        "view public.v",
    ),
    (
        "CREATE SEQUENCE a OWNED BY t.id; CREATE SEQUENCE b OWNED BY t.id",
        "sequence",
        "b, another one of column id",
    ),
    ("CREATE INDEX whole ON t ((t IS NULL))", "index", "whole over the whole row"),
    ("ALTER TABLE t ADD CONSTRAINT c CHECK (t IS NOT NULL)", "check", "c names the whole row"),
    (
        "CREATE TABLE p (id int PRIMARY KEY) PARTITION BY RANGE (id);
         ALTER TABLE t ADD CONSTRAINT fk FOREIGN KEY (id) REFERENCES p",
        "foreign_key",
        "fk references partitioned table public.p",
    ),
    ("CREATE CAST (t AS text) WITH INOUT", "row_type", "cast from public.t to text"),
    (
        "CREATE TABLE o (a int DEFAULT 1);
         ALTER TABLE o ALTER a SET DEFAULT length((NULL::t)::text)",
        "row_type",
        "default value for column a of table public.o",
    ),
];

/// The same, from PostgreSQL 15 and 18 on.
const HANGING_15: &[(&str, &str, &str)] =
    &[("CREATE PUBLICATION pub_schema FOR TABLES IN SCHEMA public", "publication", "pub_schema")];
const HANGING_18: &[(&str, &str, &str)] = &[
    ("ALTER TABLE t ADD CONSTRAINT c CHECK (id > 0) NOT ENFORCED", "check", "c is not enforced"),
    ("ALTER TABLE t ADD CONSTRAINT nn NOT NULL w NO INHERIT", "not_null", "nn NO INHERIT"),
    ("ALTER TABLE t ADD CONSTRAINT nn NOT NULL w NOT VALID", "not_null", "nn NOT VALID"),
];

#[tokio::test(flavor = "multi_thread")]
async fn whatever_hangs_on_a_table_is_named() {
    support::on_each_server(async |server| {
        let newer = [(15, HANGING_15), (18, HANGING_18)];
        let newer = newer.into_iter().filter(|(major, _)| server.major() >= *major).flat_map(|(_, cases)| cases);
        let db = server.database("hanging").await;
        for (sql, kind, name) in HANGING.iter().chain(newer) {
            db.sql("CREATE TABLE t (id int PRIMARY KEY, w text, at timestamptz NOT NULL DEFAULT now())").await;
            assert_eq!(hanging(&db, "t").await, Vec::<String>::new(), "before {sql}");
            db.sql(sql).await;
            let hangs = hanging(&db, "t").await;
            let found = hangs.iter().any(|h| h.strip_prefix(kind).is_some_and(|rest| rest.contains(name)));
            assert!(found, "{sql}: {hangs:?}");
            let other = HangerKind::Other.word();
            assert!(!hangs.iter().any(|h| h.starts_with(other)), "{sql}: {hangs:?}");
            db.sql("DROP SCHEMA public CASCADE; DROP SCHEMA IF EXISTS o; CREATE SCHEMA public; DROP PUBLICATION IF EXISTS pub_all, pub_schema")
                .await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_is_fed_by_a_subscription_is_known() {
    let db = support::database("fed").await;
    db.sql(
        "CREATE TABLE t (id int PRIMARY KEY);
         CREATE SUBSCRIPTION feed CONNECTION 'dbname=nowhere' PUBLICATION p WITH (connect = false);
         INSERT INTO pg_subscription_rel (srsubid, srrelid, srsubstate)
         SELECT oid, 't'::regclass, 'r' FROM pg_subscription WHERE subname = 'feed'",
    )
    .await;
    let table = load(&db, "t").await;
    assert!(table.facts.row_level_capture);
    assert_eq!(hanging(&db, "t").await, ["subscription feed"]);
    db.sql("ALTER SUBSCRIPTION feed SET (slot_name = NONE); DROP SUBSCRIPTION feed").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn names_resolve_as_for_the_connecting_role() {
    let db = support::database("resolve").await;
    db.sql(
        "CREATE SCHEMA app; CREATE SCHEMA other; CREATE SCHEMA \"Odd, Schema\";
         CREATE TABLE app.events (id int); CREATE TABLE other.events (id int); CREATE TABLE other.\"Events\" (id int);
         CREATE TABLE app.only_here (id int); CREATE TABLE \"Odd, Schema\".\"My.Table\" (id int);
         CREATE TABLE public.events_2 (id int)",
    )
    .await;
    let named = async |typed: &str| load_table(&db.session().await, typed).await.map(|t| t.name.plain());
    assert_eq!(named("only_here").await.unwrap(), "app.only_here", "the only one anywhere");
    assert_eq!(named("App.EVENTS").await.unwrap(), "app.events", "folded");
    assert_eq!(named("other.\"Events\"").await.unwrap(), "other.Events");
    assert_eq!(named("\"Odd, Schema\".\"My.Table\"").await.unwrap(), "Odd, Schema.My.Table");
    let error = named("events").await.unwrap_err();
    assert!(matches!(error, Error::Usage { .. }), "{error}");
    assert!(error.to_string().contains("app.events or other.events"), "{error}");
    let error = named("event").await.unwrap_err();
    assert!(matches!(error, Error::Refused { id: "QD-001", .. }), "{error}");
    assert!(error.hint().unwrap().contains("app.events"), "{:?}", error.hint());

    db.sql(&format!("ALTER DATABASE \"{}\" SET search_path = \"$user\", other, app", db.name())).await;
    assert_eq!(named("events").await.unwrap(), "other.events", "first on the role's own path");
    assert_eq!(named("\"Events\"").await.unwrap(), "other.Events");
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_are_listed_with_what_matters() {
    support::on_each_server(async |server| {
        let db = server.database("list").await;
        db.sql(
            "CREATE TABLE big (id int PRIMARY KEY, at timestamptz NOT NULL, maybe timestamptz, \"To\" timestamptz NOT NULL);
             INSERT INTO big SELECT i, now(), NULL, now() FROM generate_series(1, 5000) i; ANALYZE big;
             CREATE TABLE parts (at timestamptz NOT NULL) PARTITION BY RANGE (at);
             CREATE TABLE parts_1 PARTITION OF parts DEFAULT; CREATE TEMP TABLE gone (id int); CREATE VIEW v AS SELECT 1",
        )
        .await;
        let listed = list_tables(&db.session().await).await.unwrap();
        let names: Vec<_> = listed.iter().map(|t| t.name.plain()).collect();
        assert_eq!(names, ["public.big", "public.parts"]);
        let big = &listed[0];
        assert_eq!((big.rows_estimate, big.has_primary_key, big.partitioned), (5000, true, false));
        let keys: Vec<_> = big.time_keys.iter().map(|key| key.name.as_str()).collect();
        assert_eq!((keys, &big.id_key), (vec!["at", "To"], &None));
        assert!(big.bytes > 300_000 && big.migration.is_none());
        assert!(listed[1].partitioned && !listed[1].has_primary_key);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn server_and_surroundings_are_seen() {
    support::on_each_server(async |server| {
        let db = server.database("around").await;
        db.sql(
            "CREATE TABLE users (id int PRIMARY KEY);
             CREATE TABLE t (id int PRIMARY KEY REFERENCES users, at timestamptz NOT NULL, seen timestamptz NOT NULL);
             CREATE INDEX ON t (at); CREATE TABLE t_twin (id int); CREATE TYPE t_mood AS ENUM ('a');
             INSERT INTO users SELECT generate_series(1, 1000);
             INSERT INTO t SELECT i, '2024-01-01 12:00Z'::timestamptz + i * interval '1 h', '2023-01-01' FROM generate_series(1, 1000) i;
             INSERT INTO users VALUES (2000), (2001);
             INSERT INTO t VALUES (2000, 'infinity', 'infinity'), (2001, '0044-03-15 BC', now()); ANALYZE t;",
        )
        .await;
        let session = db.session().await;
        let facts = server_facts(&session).await.unwrap();
        assert_eq!(u32::try_from(facts.version_num / 10_000).unwrap(), server.major());
        assert!(facts.superuser && facts.may_journal && facts.sees_sessions && !facts.in_recovery);
        assert_eq!((facts.wal_level.as_str(), facts.block_size, facts.deadlock_timeout_ms), ("logical", 8192, 1000));

        let idle = db.client().await;
        idle.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1").await.unwrap();
        let pid: i32 = idle.query_one("SELECT pg_backend_pid()", &[]).await.unwrap().get(0);
        db.sql("BEGIN; UPDATE t SET seen = seen WHERE id = 1; PREPARE TRANSACTION 'left over'").await;
        let table = load_table(&session, "t").await.unwrap();
        let around = loop {
            let around = surroundings(&session, &table, &Request::of("t")).await.unwrap();
            if around.long_transactions.iter().any(|long| long.pid == pid) {
                break around;
            }
        };
        db.sql("ROLLBACK PREPARED 'left over'").await;
        assert_eq!(around.prepared, ["left over"]);
        assert!(around.rights.owns && around.rights.may_give && around.rights.may_create);
        assert!(around.rights.lacks.is_empty() && around.rights.referenced.is_empty());
        let taken: Vec<_> = around.taken.iter().map(Ident::as_str).collect();
        for name in ["t", "t_twin", "t_mood", "t_pkey"] {
            assert!(taken.contains(&name), "{name} in {taken:?}");
        }
        let span = |name: &str| around.extents.iter().find(|e| e.column == Ident::new(name)).unwrap();
        assert!(span("at").exact);
        assert_eq!(span("at").first.to_string(), "2024-01-01 13:00:00 UTC");
        assert!(!span("seen").exact);
        assert_eq!(span("seen").first.to_string(), "2023-01-01 00:00:00 UTC");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_is_told_what_it_lacks() {
    support::on_each_server(async |server| {
        let db = server.database("stranger").await;
        let role = format!("stranger_{}", db.name());
        db.sql(&format!(
            "CREATE TABLE users (id int PRIMARY KEY);
             CREATE TABLE t (id int PRIMARY KEY REFERENCES users, at timestamptz NOT NULL); CREATE VIEW v AS SELECT id FROM t;
             CREATE ROLE {role} LOGIN PASSWORD 'pw'; REVOKE CREATE ON SCHEMA public FROM PUBLIC"
        ))
        .await;
        let target = quarterdeck::pg::Target::parse(&db.conninfo_as(&role, "pw")).unwrap();
        let session = quarterdeck::pg::Session::open(&target, "test").await.unwrap();
        let facts = server_facts(&session).await.unwrap();
        assert!(!facts.superuser && !facts.may_journal && !facts.sees_sessions);
        let table = load_table(&session, "t").await.unwrap();
        let rights = surroundings(&session, &table, &Request::of("t")).await.unwrap().rights;
        assert!(!rights.owns && !rights.may_give && !rights.may_create);
        assert_eq!(rights.lacks, ["SELECT", "INSERT", "UPDATE", "DELETE", "TRIGGER"]);
        assert_eq!(rights.referenced[0].plain(), "public.users");
        assert_eq!(rights.views[0].plain(), "public.v");
        drop(session);
        db.sql(&format!("DROP OWNED BY {role}; DROP ROLE {role}")).await;
    })
    .await;
}
