//! Plans and refusals on real tables: what is planned is what the operations would run, and planning changes nothing.

use quarterdeck::{
    Error,
    engine::plan::plan,
    model::{
        phase::{Phase, State},
        plan::{Plan, Request, Severity},
        throttle::Limits,
    },
    pg::{Session, Target, catalog::list_tables, journal},
};

use crate::support::{self, Db, schema};

pub(crate) const CHAT: &str = "
    CREATE TABLE users (id uuid PRIMARY KEY);
    CREATE TABLE chat_messages (
        id uuid PRIMARY KEY DEFAULT gen_random_uuid(), user_id uuid NOT NULL REFERENCES users, content text NOT NULL,
        price numeric(10, 2) CHECK (price >= 0), created_at timestamptz NOT NULL DEFAULT now(), deleted_at timestamptz
    );
    CREATE INDEX chat_messages_created_at_idx ON chat_messages (created_at);
    CREATE VIEW recent AS SELECT id, content FROM chat_messages WHERE created_at > '2024-01-01';
    INSERT INTO users VALUES ('00000000-0000-0000-0000-000000000001');
    INSERT INTO chat_messages (user_id, content, created_at)
    SELECT '00000000-0000-0000-0000-000000000001', repeat('w', 200), '2024-02-01Z'::timestamptz + i * interval '10 hours'
    FROM generate_series(0, 499) i;
    ANALYZE chat_messages;";

async fn planned(db: &Db, request: &Request) -> Result<Plan, Error> {
    plan(&db.session().await, request).await
}

fn sql_of(plan: &Plan, step: &str) -> String {
    let step = plan.steps.iter().find(|s| s.name == step).unwrap_or_else(|| panic!("no step {step}"));
    step.statements.iter().map(|statement| statement.sql.as_str()).collect::<Vec<_>>().join(";\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_shows_every_step_and_changes_nothing() {
    support::on_each_server(async |server| {
        let db = server.database("plan").await;
        db.sql(CHAT).await;
        let before = (schema::schema_dump(&db, "public.chat_messages").await, schema::objects(&db).await);
        let plan = planned(&db, &Request::of("chat_messages")).await.unwrap_or_else(|e| panic!("{e}"));
        let steps: Vec<_> = plan.steps.iter().map(|step| step.name.as_str()).collect();
        assert_eq!(steps, STEPS);
        let after = (schema::schema_dump(&db, "public.chat_messages").await, schema::objects(&db).await);
        assert_eq!(before, after);

        assert_eq!(plan.scheme.by.as_str(), "created_at");
        assert_eq!(plan.scheme.id.get_version_num(), 7);
        let warned: Vec<_> = plan.warnings.iter().map(|w| (w.id.as_str(), w.severity)).collect();
        assert_eq!(warned, [("QD-045", Severity::Warn)]);
        let create = sql_of(&plan, "create");
        let period =
            "FOR VALUES FROM ('2024-01-01 00:00:00.000000+00:00') TO ('2024-04-01 00:00:00.000000+00:00')";
        assert!(create.contains(period), "{create}");
        assert!(create.contains("\"chat_messages_default\""), "{create}");
        assert!(sql_of(&plan, "seal").contains("PRIMARY KEY (\"id\", \"created_at\")"));
        assert!(sql_of(&plan, "copy").contains("INSERT INTO \"public\".\"chat_messages_twin\""));
        assert!(sql_of(&plan, "capture").contains("TRIGGER \"quarterdeck_capture_insert\""));
        let swap = sql_of(&plan, "swap");
        assert!(
            swap.contains("RENAME TO \"chat_messages_old\"") && swap.contains("CREATE OR REPLACE VIEW"),
            "{swap}"
        );
        assert!(sql_of(&plan, "finish").contains("DROP TABLE \"quarterdeck\".\"log_"));
        for step in &plan.steps {
            assert!(step.name == "preflight" || !step.statements.is_empty(), "{}", step.name);
            assert!(
                !step.summary.is_empty() && (step.name == "preflight" || !step.locks.is_empty()),
                "{}",
                step.name
            );
            assert!(step.undo.is_some() || step.name == "finish", "{}", step.name);
        }
        let cost = |name: &str| plan.steps.iter().find(|step| step.name == name).unwrap().cost;
        assert!(cost("census").rows > 400 && cost("copy").bytes > 100_000 && cost("seal").wal_bytes > 20_000);
        assert!(serde_json::to_string(&plan).unwrap().contains("\"steps\""));
    })
    .await;
}

const STEPS: &[&str] = &[
    "preflight",
    "capture",
    "census",
    "create",
    "copy",
    "seal",
    "replay",
    "verify",
    "analyze",
    "swap",
    "reverse window",
    "finish",
];

#[tokio::test(flavor = "multi_thread")]
async fn the_statements_of_create_run_as_they_are_shown() {
    support::on_each_server(async |server| {
        let db = server.database("shown").await;
        db.sql(CHAT).await;
        let plan = planned(&db, &Request::of("chat_messages")).await.unwrap_or_else(|e| panic!("{e}"));
        db.sql(&sql_of(&plan, "create")).await;
        db.sql("INSERT INTO chat_messages_twin SELECT * FROM chat_messages").await;
        assert_eq!(db.value("SELECT count(*) FROM chat_messages_default").await, "0");
        let used = "SELECT count(DISTINCT tableoid) FROM chat_messages_twin";
        assert_eq!(db.value(used).await, "3", "2024-02 to 2024-08");
    })
    .await;
}

/// What is done to the table, the request's flags, and the check that refuses.
pub(crate) const REFUSED: &[(&str, Option<&str>, &str)] = &[
    ("DROP TABLE chat_messages CASCADE", None, "QD-001"),
    ("ALTER TABLE chat_messages ALTER created_at DROP NOT NULL", None, "QD-030"),
    (
        "ALTER TABLE chat_messages RENAME created_at TO made_at;
         ALTER TABLE chat_messages ADD seen timestamptz NOT NULL DEFAULT now()",
        None,
        "QD-031",
    ),
    ("SELECT 1", Some("nothing"), "QD-032"),
    ("SELECT 1", Some("content"), "QD-033"),
    ("SELECT 1", Some("deleted_at"), "QD-034"),
    ("ALTER TABLE chat_messages DROP CONSTRAINT chat_messages_pkey", None, "QD-040"),
    ("CREATE UNIQUE INDEX u ON chat_messages (id, content)", None, "QD-043"),
    ("ALTER TABLE chat_messages ADD EXCLUDE (id WITH =)", None, "QD-044"),
    ("ALTER TABLE chat_messages ADD rights aclitem", None, "QD-036"),
    ("ALTER TABLE chat_messages ADD rights aclitem[]", None, "QD-036"),
    (
        "ALTER TABLE chat_messages DROP CONSTRAINT chat_messages_pkey, ADD n money DEFAULT 1, ADD PRIMARY KEY (id, n)",
        None,
        "QD-037",
    ),
    (
        "ALTER TABLE chat_messages ADD n int GENERATED ALWAYS AS IDENTITY;
         CREATE TABLE o (a int DEFAULT nextval('chat_messages_n_seq'))",
        None,
        "QD-078",
    ),
    ("DROP PUBLICATION IF EXISTS p; CREATE PUBLICATION p FOR TABLE chat_messages", None, "QD-079"),
    ("ALTER TABLE chat_messages ADD CHECK (content <> '') NO INHERIT", None, "QD-053"),
    ("ALTER TABLE chat_messages ADD parent uuid REFERENCES chat_messages", None, "QD-057"),
    ("CREATE MATERIALIZED VIEW mv AS SELECT id FROM chat_messages", None, "QD-067"),
    (
        "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
         CREATE TRIGGER rt AFTER INSERT ON chat_messages REFERENCING NEW TABLE AS n FOR EACH ROW EXECUTE FUNCTION f()",
        None,
        "QD-073",
    ),
    ("CREATE TABLE chat_messages_2024_q2 (x int)", None, "QD-080"),
    ("CREATE TYPE chat_messages_default AS ENUM ()", None, "QD-080"),
    (
        "INSERT INTO chat_messages (user_id, content, created_at)
         VALUES ('00000000-0000-0000-0000-000000000001', 'old', '1066-10-14')",
        None,
        "QD-081",
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_converted_is_refused_by_its_check() {
    support::on_each_server(async |server| {
        let db = server.database("refused").await;
        db.sql(CHAT).await;
        planned(&db, &Request::of("chat_messages")).await.unwrap_or_else(|e| panic!("without a fault: {e}"));
        for (fault, by, id) in REFUSED {
            db.sql("DROP SCHEMA public CASCADE; CREATE SCHEMA public").await;
            db.sql(CHAT).await;
            db.sql(fault).await;
            let request = Request { by: by.map(str::to_owned), ..Request::of("chat_messages") };
            let error = planned(&db, &request).await.err().unwrap_or_else(|| panic!("{fault}: accepted"));
            assert!(matches!(&error, Error::Refused { id: found, .. } if found == id), "{fault}: {error}");
            assert!(error.hint().is_some() && error.exit_code() == 3);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn other_kinds_of_relation_are_refused() {
    support::on_each_server(async |server| {
        let db = server.database("kinds").await;
        db.sql(
            "CREATE VIEW v AS SELECT now() AS at; CREATE UNLOGGED TABLE u (id int PRIMARY KEY, at timestamptz NOT NULL);
             CREATE TABLE p (id int, at timestamptz NOT NULL, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
             CREATE TABLE p_1 PARTITION OF p DEFAULT; CREATE MATERIALIZED VIEW m AS SELECT now() AS at;",
        )
        .await;
        for (table, id) in [("v", "QD-020"), ("m", "QD-020"), ("p", "QD-021"), ("u", "QD-022"), ("p_1", "QD-025")] {
            let error = planned(&db, &Request::of(table)).await.unwrap_err();
            assert_eq!(error.report().id.as_deref(), Some(id), "{table}: {error}");
            assert!(!error.to_string().contains("QD-077"), "{error}");
        }
        let error = planned(&db, &Request::of("pg_catalog.pg_class")).await.unwrap_err();
        assert_eq!(error.report().id.as_deref(), Some("QD-023"), "{error}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_without_the_rights_is_refused() {
    support::on_each_server(async |server| {
        let db = server.database("role").await;
        let role = format!("reader_{}", db.name());
        db.sql(CHAT).await;
        db.sql(&format!(
            "CREATE ROLE {role} LOGIN PASSWORD 'pw'; REVOKE CREATE ON SCHEMA public FROM PUBLIC;
             GRANT USAGE ON SCHEMA public TO {role};
             GRANT SELECT ON chat_messages TO {role}"
        ))
        .await;
        let target = Target::parse(&db.conninfo_as(&role, "pw")).unwrap();
        let session = Session::open(&target, "test").await.unwrap();
        let error = plan(&session, &Request::of("chat_messages")).await.unwrap_err();
        assert_eq!(error.report().id.as_deref(), Some("QD-005"), "{error}");
        for also in ["QD-006", "QD-007", "QD-008", "QD-009", "QD-010"] {
            assert!(error.to_string().contains(also), "{also} in {error}");
        }
        drop(session);
        db.sql(&format!("DROP OWNED BY {role}; DROP ROLE {role}")).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_roles_journal_must_be_open_to_this_one() {
    let db = support::database("journals").await;
    let role = format!("second_{}", db.name());
    db.sql(&format!("CREATE ROLE {role} LOGIN PASSWORD 'pw'; GRANT CREATE ON SCHEMA public TO {role}")).await;
    db.sql(&format!(
        "SET ROLE {role}; CREATE TABLE b (id int PRIMARY KEY, at timestamptz NOT NULL); RESET ROLE"
    ))
    .await;
    journal::install(&mut db.session().await).await.unwrap();
    let session = Session::open(&Target::parse(&db.conninfo_as(&role, "pw")).unwrap(), "test").await.unwrap();
    for (right, enough) in [
        ("CREATE, USAGE ON SCHEMA quarterdeck", false),
        ("SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA quarterdeck", false),
        ("DELETE ON ALL TABLES IN SCHEMA quarterdeck", true),
    ] {
        let read = session.query("read journal version", "SELECT FROM quarterdeck.version", &[]).await;
        if let Err(error) = read {
            assert!(error.hint().unwrap().contains("schema quarterdeck belongs to another role"), "{error}");
        }
        db.sql(&format!("GRANT {right} TO {role}")).await;
        match plan(&session, &Request::of("b")).await {
            Ok(_) => assert!(enough, "{right}"),
            Err(error) => {
                assert!(!enough && matches!(&error, Error::Refused { id: "QD-006", .. }), "{right}: {error}");
            }
        }
    }
    drop(session);
    db.sql(&format!("DROP OWNED BY {role}; DROP ROLE {role}")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_with_a_migration_is_listed_with_it_and_not_planned_again() {
    let db = support::database("again").await;
    db.sql(CHAT).await;
    let plan = planned(&db, &Request::of("chat_messages")).await.unwrap_or_else(|e| panic!("{e}"));
    let mut session = db.session().await;
    journal::install(&mut session).await.unwrap();
    journal::write::migration(&mut session, &plan.scheme, 2, &Limits::default()).await.unwrap();
    let listed = list_tables(&session).await.unwrap();
    let carried = listed.iter().find(|t| t.name.name.as_str() == "chat_messages").unwrap().migration.unwrap();
    assert_eq!((carried.id, carried.phase, carried.state), (plan.scheme.id, Phase::Planned, State::Stopped));
    assert!(
        listed.iter().all(|t| t.name.schema.as_str() == "public"),
        "the journal's tables are not the application's"
    );
    let error = planned(&db, &Request::of("chat_messages")).await.unwrap_err();
    assert!(matches!(&error, Error::Refused { id: "QD-017", .. }), "{error}");

    db.sql("UPDATE quarterdeck.migration SET phase = 'aborted'").await;
    planned(&db, &Request::of("chat_messages")).await.unwrap_or_else(|e| panic!("{e}"));
    assert!(list_tables(&session).await.unwrap().iter().all(|table| table.migration.is_none()));
}
