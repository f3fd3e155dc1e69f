//! Passwords: however one is given, nothing that is shown, printed or written has it.

use crate::{
    commands::tool::{Said, TABLE, Tool},
    support,
};

const SECRET: &str = "hunter2";

/// Every way to write one, and ways that are wrong; nobody listens there.
const FORMS: [&str; 12] = [
    "postgres://ana:hunter2@127.0.0.1:1/shop",
    "postgresql://ana:hunter2@127.0.0.1:1,127.0.0.1:2/shop?connect_timeout=3",
    "postgres://127.0.0.1:1/shop?user=ana&password=hunter2",
    "postgres://ana:%68unter2@127.0.0.1:1/shop",
    "host=127.0.0.1 port=1 user=ana password=hunter2 dbname=shop",
    "host=127.0.0.1 port=1 user=ana password='hunter2' dbname=shop",
    "postgres://ana:hunter2@127.0.0.1:x/shop",
    "postgres://ana:hunter2@127.0.0.1:1/shop?sslmod=require",
    "postgres://ana:hunter2@[127.0.0.1:1/shop",
    "host=127.0.0.1 passwort=hunter2",
    "host=127.0.0.1 password='hunter2",
    "password=hunter2 host=127.0.0.1 port=1 sslmode=hunter2",
];

fn check(what: &str, said: &Said, tool: &Tool) {
    let log = std::fs::read_to_string(tool.log()).unwrap_or_default();
    for (place, text) in [("output", &said.out), ("errors", &said.err), ("log", &log)] {
        assert!(!text.contains(SECRET), "{what}: {place}: {text}");
    }
}

#[test]
fn no_form_of_a_connection_string_is_told_again() {
    for form in FORMS {
        for words in [
            &["--conn", form][..],
            &[form],
            &["status", "--json", "--conn", form],
            &["plan", TABLE, "--json", "--conn", form],
            &["run", TABLE, "--ui", "json", "--conn", form],
            &["run", TABLE, "--ui", "plain", "--conn", form],
            &["report", TABLE, "--json", "--conn", form],
        ] {
            let tool = Tool::new();
            let said = Said::of(&tool.command(words).env("QUARTERDECK_LOG", "trace").output().unwrap());
            assert_ne!(said.code, 0, "{words:?}");
            check(&format!("{words:?}"), &said, &tool);
        }
    }
}

#[test]
fn nor_is_one_of_a_variable_or_a_file() {
    let tool = Tool::new();
    let command = |words: &[&str]| {
        let mut command = tool.command(words);
        command.envs([
            ("PGHOST", "127.0.0.1"),
            ("PGPORT", "1"),
            ("PGPASSWORD", SECRET),
            ("QUARTERDECK_LOG", "trace"),
        ]);
        Said::of(&command.output().unwrap())
    };
    for words in [&["status", "--json"][..], &["config", "print"], &["run", TABLE, "--ui", "json"]] {
        check(&format!("{words:?}"), &command(words), &tool);
    }
    tool.settings(&format!("[[connection]]\nhost = '127.0.0.1'\npassword = '{SECRET}'\n"));
    let said = command(&["status"]);
    assert_eq!(said.code, 2, "a password in the settings is refused: {said:?}");
    check("settings", &said, &tool);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_whole_run_says_has_no_password() {
    let db = support::database("secrets").await;
    db.sql("CREATE TABLE chat_messages (id bigint PRIMARY KEY, created_at timestamptz NOT NULL)").await;
    db.sql("INSERT INTO chat_messages SELECT n, timestamptz '2024-01-01' + n * interval '3 hours' FROM generate_series(1, 500) n").await;
    let role = format!("ana_{}", db.name());
    db.sql(&format!("CREATE ROLE {role} LOGIN SUPERUSER PASSWORD '{SECRET}'")).await;
    let tool = Tool::to(db.conninfo_as(&role, SECRET));
    for words in [
        &["run", TABLE, "--ui", "json"][..],
        &["status", TABLE, "--json"],
        &["report", TABLE],
        &["report", TABLE, "--json"],
        &["plan", TABLE, "--sql"],
        &["abort", TABLE, "--yes", TABLE],
    ] {
        let said = Said::of(&tool.command(words).env("QUARTERDECK_LOG", "trace").output().unwrap());
        check(&format!("{words:?}"), &said, &tool);
    }
    assert!(std::fs::read_to_string(tool.log()).unwrap().len() > 100, "the log was written");
    let kept = "SELECT count(*) FROM (SELECT m::text FROM quarterdeck.migration m UNION ALL SELECT e::text FROM quarterdeck.event e) j(t) WHERE t LIKE '%hunter2%'";
    assert_eq!(db.value(kept).await, "0", "nor has the journal");
    db.sql(&format!("DROP OWNED BY {role}; DROP ROLE {role}")).await;
}
