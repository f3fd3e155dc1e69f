//! `rename-first`: the name first, the rows afterwards, beside an application that only adds, and changes what it sees.

mod appending;
mod deaths;
mod mending;

use std::time::Duration;

use quarterdeck::{
    demo::{
        data::{self, Login},
        oracle,
    },
    engine::{
        command::Command,
        context::{Options, Until},
        launch,
        plan::plan,
        worker::End,
    },
    model::{
        phase::Phase,
        plan::{Plan, Request},
        strategy::Strategy,
        throttle::Limits,
    },
};
use uuid::Uuid;

use crate::{
    commands::tool::{TABLE, Tool},
    online::{difference, options, run},
    rename::appending::Appending,
    support::{
        self, Db,
        schema::{objects, schema_dump},
        server::Server,
    },
};

/// What the binary is asked for.
const RENAME: [&str; 11] = [
    "run",
    TABLE,
    "--strategy",
    "rename-first",
    "--append-only",
    "--until",
    "swapped",
    "--yes",
    TABLE,
    // A budget that a machine busy with other tests keeps too.
    "--lock-budget",
    "400",
];
const KIND: &str = "SELECT relkind FROM pg_class WHERE oid = 'public.chat_messages'::regclass";
const OLD: &str = "chat_messages_old";

/// The demo's tables and their oracle.
async fn shop(server: &'static Server, rows: u32) -> Db {
    let db = server.database("rename").await;
    let app = Login { role: format!("app_{}", db.name()), password: "secret".into() };
    let session = db.session().await;
    let made = data::Options { rows, seed: 7, now: chrono::Utc::now(), app: app.clone() };
    data::make(&session, &made, &|_| ()).await.unwrap();
    oracle::make(&session, &app).await.unwrap();
    db
}

async fn planned(db: &Db) -> Plan {
    let request = Request { strategy: Strategy::RenameFirst, append_only: true, ..Request::of(TABLE) };
    plan(&db.session().await, &request).await.unwrap()
}

async fn launched(db: &Db) -> Uuid {
    let scheme = planned(db).await.scheme;
    launch::journal(&db.target(), &scheme, 2, &Limits::default()).await.unwrap();
    scheme.id
}

fn asked(command: Command) -> Options {
    options(Until::Asked, Some(command))
}

/// The name is exchanged, and whoever did it is dead before the table is full.
async fn renamed_and_dead(db: &Db) -> Tool {
    let tool = Tool::on(db);
    let mut life = tool.start(&RENAME);
    life.until("swapped").await;
    assert!(life.kill().await, "it was full too soon");
    assert_eq!(tool.status().await["migration"]["phase"], "filling");
    tool
}

async fn equal(db: &Db) {
    assert_eq!(oracle::difference(&db.session().await).await.unwrap(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_is_filled_while_it_is_written_and_can_go_back() {
    support::on_each_server(async |server| {
        let db = shop(server, 20_000).await;
        let before = (schema_dump(&db, "public.chat_messages").await, objects(&db).await);
        let appending = Appending::start(&db).await;
        let id = launched(&db).await;
        let end = run(&db, id, options(Until::Swapped, None)).await.unwrap();
        assert_eq!(end, End::Reached(Phase::ReverseWindow));
        assert_eq!(db.value(KIND).await, "p");
        appending.more(200).await;
        appending.stop().await;
        equal(&db).await;
        assert_eq!(db.value("SELECT count(*) FROM chat_messages_default").await, "0");
        let unvalidated = "SELECT count(*) FROM pg_constraint WHERE conrelid = 'chat_messages'::regclass AND NOT convalidated";
        assert_eq!(db.value(unvalidated).await, "0");
        let on_old = "SELECT count(*) FROM pg_constraint WHERE conrelid = 'chat_messages_old'::regclass AND contype = 'f'";
        assert_eq!(db.value(on_old).await, "0", "they were in force until it was full");

        let appending = Appending::start(&db).await;
        run(&db, id, asked(Command::Reverse { move_rows: false })).await.unwrap();
        appending.more(200).await;
        appending.stop().await;
        assert_eq!(db.value(KIND).await, "r");
        equal(&db).await;
        assert_eq!(run(&db, id, asked(Command::Abort)).await.unwrap(), End::Aborted);
        equal(&db).await;
        assert_eq!(schema_dump(&db, "public.chat_messages").await, before.0);

        let id = launched(&db).await;
        let end = run(&db, id, options(Until::Finished, None)).await.unwrap();
        assert_eq!(end, End::Reached(Phase::Finished));
        equal(&db).await;
        assert_eq!(difference(&db, TABLE, OLD).await, "0");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_goes_back_before_it_is_full_and_nothing_is_left() {
    support::on_each_server(async |server| {
        let db = shop(server, 20_000).await;
        let before = (schema_dump(&db, "public.chat_messages").await, objects(&db).await);
        for command in [Command::Reverse { move_rows: false }, Command::Abort] {
            let appending = Appending::start(&db).await;
            let tool = renamed_and_dead(&db).await;
            let told = tool.done(&["status", TABLE]).await;
            assert!(told.contains("rename-first") && told.contains("readers miss"), "{told}");
            appending.more(100).await;
            let id = db.value("SELECT id FROM quarterdeck.migration WHERE phase = 'filling'").await;
            let end = run(&db, id.parse().unwrap(), asked(command.clone())).await.unwrap();
            assert_eq!(end, End::Aborted, "{command:?}");
            appending.more(100).await;
            appending.stop().await;
            assert_eq!(db.value(KIND).await, "r");
            equal(&db).await;
            assert_eq!(schema_dump(&db, "public.chat_messages").await, before.0);
        }
        let ours = "SELECT count(*) FROM pg_class WHERE relname ~ '^chat_messages_(old|twin|default|2)'";
        assert_eq!(db.value(ours).await, "0");
        assert_eq!(db.value("SELECT count(*) FROM pg_trigger WHERE tgname ~ '^quarterdeck_'").await, "0");
    })
    .await;
}

/// A command for the way back ends what its owner has in hand.
#[tokio::test(flavor = "multi_thread")]
async fn its_owner_gives_it_back_when_it_is_told() {
    let db = shop(&support::server::all()[0], 60_000).await;
    let appending = Appending::start(&db).await;
    let tool = Tool::on(&db);
    let mut owner = tool.start(&RENAME);
    owner.until_that(|event| event["event"] == "step_started" && event["step"] == "fill").await;
    let said = tool.run(&["verify", TABLE]).await;
    assert_eq!(said.code, 3, "{said:?}");
    assert!(said.err.contains("QD-091") && said.err.contains("still being filled"), "{said:?}");
    tool.done(&["reverse", TABLE, "--yes", TABLE]).await;
    owner.end().await.closed("aborted", 5);
    appending.more(50).await;
    appending.stop().await;
    assert_eq!(db.value(KIND).await, "r");
    equal(&db).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_it_cannot_do_is_refused_and_nothing_is_touched() {
    let db = shop(&support::server::all()[0], 2_000).await;
    let before = (schema_dump(&db, "public.chat_messages").await, objects(&db).await);
    let tool = Tool::on(&db);
    let usage = tool.run(&["run", TABLE, "--strategy", "rename-first", "--ui", "plain"]).await;
    assert_eq!(usage.code, 2, "{usage:?}");
    assert!(usage.err.contains("--until swapped --yes chat_messages"), "{usage:?}");
    db.sql("UPDATE chat_messages SET content = 'changed' WHERE id = (SELECT min(id::text)::uuid FROM chat_messages)").await;
    let shown = "SELECT pg_stat_get_tuples_updated('chat_messages'::regclass) > 0";
    while db.value(shown).await != "t" {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let words: Vec<&str> = RENAME.into_iter().filter(|word| *word != "--append-only").collect();
    let refused = tool.run(&words).await;
    assert_eq!(refused.code, 3, "{refused:?}");
    assert!(refused.err.contains("QD-110") && refused.err.contains("--append-only"), "{refused:?}");
    assert_eq!(schema_dump(&db, "public.chat_messages").await, before.0);
    assert_eq!(objects(&db).await, before.1);
}

/// Nothing runs that the plan does not show.
#[tokio::test(flavor = "multi_thread")]
async fn the_plan_has_the_steps_in_this_order() {
    let db = shop(&support::server::all()[0], 2_000).await;
    let plan = planned(&db).await;
    let steps: Vec<_> = plan.steps.iter().map(|step| step.name.as_str()).collect();
    let order =
        ["preflight", "create", "rename", "census", "fill", "verify", "analyze", "reverse window", "finish"];
    assert_eq!(steps, order);
    let sql = |name: &str| {
        let step = plan.steps.iter().find(|step| step.name == name).unwrap();
        step.statements.iter().map(|statement| statement.sql.as_str()).collect::<Vec<_>>().join(";\n")
    };
    assert!(sql("create").contains("min(\"created_at\")") && sql("create").contains("ATTACH PARTITION"));
    let rename = sql("rename");
    assert!(
        rename.contains("RENAME TO \"chat_messages_old\"") && rename.contains("quarterdeck.pass"),
        "{rename}"
    );
    assert!(!rename.contains("DROP CONSTRAINT"), "{rename}");
    assert!(sql("fill").contains("ON CONFLICT (\"id\", \"created_at\") DO NOTHING"));
    assert!(sql("verify").contains("\"chat_messages_old\""));
}
