//! Names that are SQL themselves: whatever things are called, nothing is run but what was meant, there and back.

use proptest::{prelude::*, test_runner::TestRunner};

use crate::{
    commands::tool::Tool,
    support::{
        self,
        schema::{objects, schema_dump},
    },
};

/// So many shops, each converted, swapped, given back and cleared.
const SHOPS: u32 = 8;
/// The server's limit of a name in bytes.
const BYTES: usize = 63;
/// What a name is made of; the last of them end statements, comments and quotes.
const PIECES: [&str; 24] = [
    "a",
    "Table",
    "select",
    " ",
    "\n",
    "\t",
    ".",
    ",",
    "é",
    "🐘",
    "\u{202e}",
    "{columns}",
    "{}",
    "%I",
    "$1",
    "$$",
    "$body$",
    "\\",
    "--",
    "/*",
    "'",
    "\"",
    "';DROP TABLE victim;--",
    "\";DROP TABLE victim;--",
];

/// Names of a shop's things, all different.
fn names() -> impl Strategy<Value = Vec<String>> {
    let one = proptest::collection::vec(proptest::sample::select(PIECES.to_vec()), 1..30);
    proptest::collection::vec(one.prop_map(|pieces| cut(&pieces.concat())), NAMES)
        .prop_filter("different", |names| {
            names.iter().collect::<std::collections::BTreeSet<_>>().len() == NAMES
        })
}

fn cut(name: &str) -> String {
    let mut end = name.len().min(BYTES);
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    name[..end].to_owned()
}

const NAMES: usize = 14;
/// Named by their numbers.
const SHOP: &str = "
    CREATE TABLE public.victim (id int);
    CREATE SCHEMA {0};
    CREATE TABLE {0}.{1} ({2} bigint PRIMARY KEY, {3} text);
    CREATE TABLE {0}.{4} ({5} uuid DEFAULT gen_random_uuid(), {6} timestamptz NOT NULL, {7} text DEFAULT 'x', {8} bigint,
        CONSTRAINT {9} PRIMARY KEY ({5}), CONSTRAINT {10} FOREIGN KEY ({8}) REFERENCES {0}.{1} ON DELETE CASCADE,
        CONSTRAINT {2} CHECK ({7} <> 'never'));
    CREATE INDEX {11} ON {0}.{4} ({6} DESC, lower({7})) WHERE {8} > 0;
    CREATE FUNCTION {0}.{12}() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
    CREATE TRIGGER {13} BEFORE UPDATE ON {0}.{4} FOR EACH ROW EXECUTE FUNCTION {0}.{12}();
    CREATE VIEW {0}.{6} AS SELECT {7} AS {8}, {6} FROM {0}.{4};
    INSERT INTO {0}.{1} SELECT n, 'x' FROM generate_series(1, 20) n;
    INSERT INTO {0}.{4} ({6}, {8}) SELECT '2026-01-01'::timestamptz + n * interval '1 day', 1 + n % 20 FROM generate_series(1, 300) n;
    ANALYZE";
/// What the application does meanwhile.
const WRITES: &str = "
    INSERT INTO {0}.{4} ({6}, {8}) VALUES ('2026-05-05', 1);
    UPDATE {0}.{4} SET {7} = 'y' WHERE {8} = 2;
    UPDATE {0}.{4} SET {6} = {6} + interval '3 months' WHERE {8} = 3;
    DELETE FROM {0}.{1} WHERE {2} = ";

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn said(text: &str, names: &[String]) -> String {
    let mut pieces = text.split('{');
    let mut sql = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let (number, rest) = piece.split_once('}').unwrap();
        sql.push_str(&quoted(&names[number.parse::<usize>().unwrap()]));
        sql.push_str(rest);
    }
    sql
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_things_are_called_they_are_converted_and_given_back() {
    let runtime = tokio::runtime::Handle::current();
    let shops = move || {
        let config = ProptestConfig {
            cases: SHOPS,
            max_shrink_iters: 20,
            failure_persistence: None,
            ..ProptestConfig::default()
        };
        TestRunner::new(config)
            .run(&names(), |names| runtime.block_on(there_and_back(&names)).map_err(TestCaseError::fail))
    };
    tokio::task::spawn_blocking(shops).await.unwrap().unwrap();
}

async fn there_and_back(names: &[String]) -> Result<(), String> {
    let db = support::server::database("names").await;
    db.sql(&said(SHOP, names)).await;
    let table = said("{0}.{4}", names);
    let before = (schema_dump(&db, &table).await, objects(&db).await);
    let tool = Tool::on(&db);
    let words: [&[&str]; 4] = [
        &["run", &table, "--until", "ready", "--ui", "plain"],
        &["swap", &table, "--yes", &table, "--lock-budget", "700"],
        &["reverse", &table, "--yes", &table, "--lock-budget", "700"],
        &["abort", &table, "--yes", &table],
    ];
    for (number, words) in words.into_iter().enumerate() {
        let said_so = tool.run(words).await;
        if said_so.code != 0 {
            return Err(format!("{words:?}: {said_so:?}"));
        }
        db.sql(&format!("{}{}", said(WRITES, names), 10 + number)).await;
    }
    if (schema_dump(&db, &table).await, objects(&db).await) != before {
        return Err(format!("{names:?}: what is left is not what was there"));
    }
    Ok(())
}
