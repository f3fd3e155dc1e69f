//! A table with everything that is carried over: what hangs on it is the same after the swap, but for what a partitioned
//! table is, and the very same after the way back.

use std::collections::BTreeSet;

use chrono::TimeZone;
use quarterdeck::{
    model::{period::Every, scheme::Leaf},
    ops::twin,
    pg::{catalog, journal},
};
use tokio::process::Command;

use crate::{
    exchange::rig::Rig,
    support::{
        Db, on_each_server,
        schema::{objects, schema_dump},
        server::Server,
    },
};

const TABLE: &str = r#""All Things".things"#;

/// The table, and a plan for it; nothing of ours on it.
async fn planned(server: &'static Server) -> Rig {
    let db = server.database("everything").await;
    db.sql(include_str!("sql/everything.sql")).await;
    if server.major() >= 15 {
        db.sql(
            "SET search_path = \"All Things\"; CREATE UNIQUE INDEX things_nulls ON things (editor, serial, made_at) NULLS NOT DISTINCT;
             ALTER VIEW recent SET (security_invoker = true);
             ALTER PUBLICATION \"Second feed\" SET TABLE things (id, made_at, price) WHERE (price > 10)",
        )
        .await;
    }
    let mut session = db.session().await;
    let table = catalog::load_table(&session, TABLE).await.unwrap();
    assert_eq!(table.facts.unhandled, []);
    Rig::of(db, &mut session, table, "made_at").await
}

/// Lines of `before` that are not in `after`, and the other way round.
fn differences(before: &str, after: &str) -> [Vec<String>; 2] {
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<BTreeSet<_>>();
    let (before, after) = (lines(before), lines(after));
    let only = |a: &BTreeSet<String>, b: &BTreeSet<String>| a.difference(b).cloned().collect();
    [only(&before, &after), only(&after, &before)]
}

/// What is lost and what is new begins with these words, in order, and is nothing more.
fn assert_differs(before: &str, after: &str, expected: [&[&str]; 2]) {
    for (found, expected) in differences(before, after).iter().zip(expected) {
        let fits = |(line, start): (&String, &&str)| line.starts_with(start);
        let all = found.len() == expected.len() && found.iter().zip(expected).all(fits);
        assert!(all, "found\n{}\n\nexpected\n{}", found.join("\n"), expected.join("\n"));
    }
}

/// With the positions of sequences, without what is ours until the migration ends, and without ONLY, which every index of a partitioned table has.
async fn dump(db: &Db, table: &str) -> String {
    let dump = schema_dump(db, table).await;
    let lines = dump.lines().filter(|line| !line.contains("quarterdeck_"));
    let mut lines: Vec<_> = lines.map(|line| line.replace(" ON ONLY ", " ON ")).collect();
    let positions = format!(
        "SELECT 'sequence ' || objid::regclass || ' is at ' || pg_sequence_last_value(objid) FROM pg_depend
         WHERE classid = 'pg_class'::regclass AND refclassid = 'pg_class'::regclass AND refobjid = '{table}'::regclass
           AND deptype IN ('a', 'i') AND (SELECT relkind FROM pg_class WHERE oid = objid) = 'S'"
    );
    lines.extend(db.rows(&positions).await);
    lines.join("\n")
}

/// Without what PostgreSQL itself makes for a foreign key: on a partitioned table that depends on the version.
fn without_system(dump: &str) -> String {
    dump.lines().filter(|line| !line.starts_with("system trigger ")).collect::<Vec<_>>().join("\n")
}

/// What the old table had and the partitioned one has otherwise.
const LOST: &[&str] = &[
    "column 0003 \"user\"",
    "constraint \"things pk\" PRIMARY KEY (id) INCLUDE (price) ",
    "constraint things_editor_fk FOREIGN KEY (editor) REFERENCES \"All Things\".users(id) NOT VALID ",
    "index \"All Things\".\"things pk\" ",
    "index \"All Things\".things_unique ",
    "table \"All Things\".things kind r ",
];
const NEW: &[&str] = &[
    "child \"All Things\".things_2024_q1 FOR VALUES FROM ('2024-01-01 00:00:00+00') TO ('2024-04-01 00:00:00+00')",
    "child \"All Things\".things_2024_q2 ",
    "child \"All Things\".things_2024_q3 ",
    "child \"All Things\".things_2024_q4 ",
    "child \"All Things\".things_2025_q1 ",
    "child \"All Things\".things_2030_q2 ",
    "child \"All Things\".things_default DEFAULT",
    "column 0003 \"user\" bigint collation  not null f default  identity  generated  storage p compression  statistics -1 options {n_distinct=-0.2,n_distinct_inherited=-0.2}",
    "constraint \"things pk\" PRIMARY KEY (id, made_at) INCLUDE (price) validated t local t inherited 0",
    "index \"All Things\".\"things pk\" CREATE UNIQUE INDEX \"things pk\" ON \"All Things\".things USING btree (id, made_at) INCLUDE (price) WITH (fillfactor='90') primary t valid t ",
    "index \"All Things\".things_unique CREATE UNIQUE INDEX things_unique ON \"All Things\".things USING btree (serial, made_at) primary f valid t ready t clustered f ",
    "partition key RANGE (made_at)",
    "table \"All Things\".things kind p persistence p owner postgres method  tablespace  options  toast  rls t force t identity d",
];

/// What a leaf has not: nobody but its owner may use it, and everybody comes by the parent.
const NOT_ON_LEAVES: &[&str] = &[
    "system trigger ",
    "trigger ",
    "column ",
    "comment on ",
    "grant ",
    "policy ",
    "published in ",
    "sequence ",
    "view ",
    "constraint ",
    "index \"All Things\".\"things pk\" ",
    "table ",
];
/// What it has otherwise; the columns before PostgreSQL 17, the names of NOT NULL from 18 on.
const ON_LEAVES: &[&str] = &[
    "constraint \"things pk\" PRIMARY KEY (id, made_at) INCLUDE (price) validated t local f inherited 1",
    "constraint positive CHECK ((price > (0)::numeric)) validated t local ",
    "constraint short CHECK ((length(body) < 1000)) ",
    "constraint things_number UNIQUE (number, made_at) validated t local f inherited 1",
    "constraint things_user_fk FOREIGN KEY (\"user\") REFERENCES \"All Things\".users(id) ON DELETE CASCADE validated t local f inherited 1",
    "index \"All Things\".\"things pk\" CREATE UNIQUE INDEX \"things pk\" ON \"All Things\".things USING btree (id, made_at) INCLUDE (price) WITH (fillfactor='90') primary t valid t ",
    "parent \"All Things\".things",
    "table \"All Things\".things kind r persistence p owner postgres method heap tablespace  options {autovacuum_vacuum_scale_factor=0.05,fillfactor=80} toast {autovacuum_enabled=false} rls f force f identity d",
];

/// A leaf's dump in words of the table: its own names for indexes and statistics objects begin with its name.
async fn leaf_dump(rig: &Rig, leaf: &Leaf) -> String {
    let dump = dump(&rig.db, &rig.scheme.leaf(leaf).to_string()).await;
    let name = leaf.name.as_str();
    dump.replace(&format!("{name}_"), "").replace(name, "things")
}

async fn add_leaf(rig: &mut Rig, year: i32) {
    let at = chrono::Utc.with_ymd_and_hms(year, 5, 3, 0, 0, 0).unwrap();
    let leaf = rig.scheme.leaf_of(Every::Quarter.period_of(at).unwrap());
    let tx = rig.session.begin().await.unwrap();
    twin::add_leaf(&tx, &rig.scheme, &leaf, rig.scheme.source()).await.unwrap();
    rig.fence.fingerprint = rig.fence.fingerprint_now(&tx).await.unwrap();
    journal::fingerprint(&tx, rig.scheme.id, &rig.fence.fingerprint).await.unwrap();
    tx.commit("add leaf").await.unwrap();
    rig.leaves.push(leaf);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_hangs_on_a_table_goes_with_its_name_and_comes_back() {
    on_each_server(async |server| {
        let mut rig = planned(server).await;
        let before = (dump(&rig.db, TABLE).await, objects(&rig.db).await);
        assert!(before.0.contains("\"ID seq\" is at 12103"), "{}", before.0);
        rig.begin_capture().await.unwrap();
        let mut rig = rig.copied().await;
        assert_differs(&before.0, &dump(&rig.db, TABLE).await, [&[], &[]]);
        rig.swap().await.unwrap();
        add_leaf(&mut rig, 2030).await;
        rig.settle().await;
        rig.validate().await;
        let swapped = dump(&rig.db, TABLE).await;
        assert_differs(&without_system(&before.0), &without_system(&swapped), [LOST, NEW]);
        for leaf in &rig.leaves {
            let [lost, new] = differences(&before.0, &leaf_dump(&rig, leaf).await);
            let not = lost.iter().find(|line| !NOT_ON_LEAVES.iter().any(|start| line.starts_with(start)));
            assert_eq!(not, None, "{}", leaf.name.as_str());
            let plain = |line: &&String| {
                let odd = ["column 000", "system trigger "].iter().any(|start| line.starts_with(start));
                !odd && !line.contains(" NOT NULL ")
            };
            let new: Vec<_> = new.iter().filter(plain).collect();
            let fits = new.len() == ON_LEAVES.len()
                && new.iter().zip(ON_LEAVES).all(|(line, start)| line.starts_with(start));
            assert!(fits, "{}: {new:#?}", leaf.name.as_str());
            // An empty leaf may have it valid.
            let short = new.iter().find(|line| line.starts_with("constraint short ")).unwrap();
            assert_eq!(
                short.contains("NOT VALID validated f"),
                !leaf.name.as_str().contains("2030"),
                "{short}"
            );
        }
        rig.reverse().await.unwrap();
        rig.settle().await;
        rig.restore().await;
        assert_differs(&before.0, &dump(&rig.db, TABLE).await, [&[], &[]]);
        // And once more: what the reverse left behind is not in the way.
        rig.swap().await.unwrap();
        rig.settle().await;
        rig.validate().await;
        let swapped = dump(&rig.db, TABLE).await;
        assert_differs(&without_system(&before.0), &without_system(&swapped), [LOST, NEW]);
        rig.reverse().await.unwrap();
        rig.settle().await;
        rig.restore().await;
        rig.abort().await;
        assert_differs(&before.0, &dump(&rig.db, TABLE).await, [&[], &[]]);
        assert_eq!(objects(&rig.db).await, before.1);
    })
    .await;
}

/// The statements of `pg_dump --schema-only`, without the journal's and without ONLY; none where no pg_dump here knows
/// the server.
async fn pg_dump(db: &Db) -> Option<BTreeSet<String>> {
    let version = Command::new("pg_dump").arg("--version").output().await.ok()?;
    let version = String::from_utf8(version.stdout).unwrap();
    let major: u32 = version.split([' ', '.']).find_map(|word| word.parse().ok())?;
    if major < db.server().major() {
        return None;
    }
    let options = ["--schema-only", "--exclude-schema=quarterdeck", "--dbname", db.conninfo()];
    let output = Command::new("pg_dump").args(options).output().await.unwrap();
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    // A new key every time: \restrict.
    let lines = text.lines().filter(|line| !line.starts_with("--") && !line.starts_with('\\'));
    let text = lines.collect::<Vec<_>>().join("\n").replace("ONLY ", "").replace("\n    ADD ", " ADD ");
    Some(text.split(";\n").map(|statement| statement.trim().to_owned()).collect())
}

/// What a dump says of the old table and not of the partitioned one.
const NOT_DUMPED: &[&str] = &[
    "ALTER TABLE \"All Things\".things ADD CONSTRAINT \"things pk\"",
    "ALTER TABLE \"All Things\".things ADD CONSTRAINT things_editor_fk",
    "ALTER TABLE \"All Things\".things ALTER COLUMN \"user\" SET (n_distinct=-0.2)",
    "ALTER TABLE \"All Things\".things CLUSTER ON things_unique",
    "CREATE TABLE \"All Things\".things (",
];

#[tokio::test(flavor = "multi_thread")]
async fn what_pg_dump_says_stays_and_comes_back() {
    on_each_server(async |server| {
        let mut rig = planned(server).await;
        let Some(before) = pg_dump(&rig.db).await else {
            eprintln!("no pg_dump that knows PostgreSQL {}: not tested", server.version());
            return;
        };
        rig.begin_capture().await.unwrap();
        let mut rig = rig.copied().await;
        rig.swap().await.unwrap();
        rig.settle().await;
        rig.validate().await;
        let after = pg_dump(&rig.db).await.unwrap();
        let lost: Vec<_> = before.difference(&after).collect();
        let fits = lost.len() == NOT_DUMPED.len()
            && lost.iter().zip(NOT_DUMPED).all(|(l, start)| l.starts_with(start));
        assert!(fits, "{lost:#?}");
        rig.reverse().await.unwrap();
        rig.settle().await;
        rig.restore().await;
        rig.abort().await;
        assert_eq!(pg_dump(&rig.db).await.unwrap(), before);
    })
    .await;
}
