//! The twin on real servers: what is created, sealed and adopted is what the source has, and nothing twice.

use chrono::{DateTime, TimeZone, Utc};
use quarterdeck::{
    Error,
    model::{
        calendar::Zone,
        clock::Clock,
        history::History,
        ident::{Ident, QualifiedName},
        leaves::leaves_for,
        period::Every,
        preflight::Case,
        scheme::{Leaf, Scheme},
        strategy::Strategy,
        table::{Index, IndexRole, Table},
    },
    ops::twin,
    pg::{
        Session, Target,
        catalog::{load_oid, load_table, resolve},
    },
};

use crate::support::{self, Db};

const ODD: &str = include_str!("sql/odd_table.sql");
const ODD_NAME: &str = "\"Ödd Schema\".\"Chät Messages\"";

/// A scheme by quarters, and its leaves from 2024 Q1 to 2024 Q3 with DEFAULT.
async fn scheme(session: &Session, name: &str, by: &str) -> (Scheme, Vec<Leaf>) {
    let table = load_table(session, name).await.unwrap_or_else(|e| panic!("{e}"));
    let scheme = Scheme {
        id: uuid::Uuid::now_v7(),
        table,
        by: Ident::new(by),
        clock: Clock::Timestamptz,
        every: Every::Quarter,
        zone: Zone::UTC,
        ahead: 1,
        default_leaf: true,
        strategy: Strategy::Online,
        incoming: quarterdeck::model::incoming::Incoming::default(),
        history: History::Range,
        ids_table: false,
    };
    let periods = leaves_for(Every::Quarter, at(2024, 1), at(2024, 5), 1).unwrap();
    let leaves = Case::leaves(&scheme, &periods);
    (scheme, leaves)
}

fn at(year: i32, month: u32) -> DateTime<Utc> {
    Utc.with_ymd_and_hms(year, month, 3, 0, 0, 0).unwrap()
}

async fn create(session: &mut Session, scheme: &Scheme, leaves: &[Leaf]) -> Result<(), Error> {
    let tx = session.begin().await?;
    twin::create(&tx, scheme, leaves).await?;
    tx.commit("create").await
}

async fn seal(session: &mut Session, scheme: &Scheme, leaves: &[Leaf]) {
    for leaf in leaves {
        for statement in twin::seal_statements(scheme, leaf) {
            session.batch("seal", &statement.sql).await.unwrap_or_else(|e| panic!("{e}\n{}", statement.sql));
        }
    }
}

async fn adopt(session: &mut Session, scheme: &Scheme, leaves: &[Leaf]) {
    let tx = session.begin().await.unwrap();
    twin::adopt(&tx, scheme, leaves).await.unwrap_or_else(|e| panic!("{e}"));
    tx.commit("adopt").await.unwrap();
}

async fn load(session: &Session, name: &QualifiedName) -> Table {
    load_oid(session, resolve(session, &name.to_string()).await.unwrap()).await.unwrap()
}

/// An index without its names, its key as the twin has it: `Plain [created_at] USING brin (created_at) …`.
fn shape(scheme: &Scheme, index: &Index) -> String {
    let definition = match index.role {
        IndexRole::PrimaryKey => scheme.twin_key_text() + &format!("{:?}", index.include),
        IndexRole::UniqueConstraint | IndexRole::Exclusion | IndexRole::Unique | IndexRole::Plain => {
            index.definition.clone()
        }
    };
    format!("{:?} {definition} {:?}", index.role, index.options)
}

fn named_shapes(scheme: &Scheme, table: &Table) -> Vec<(String, String)> {
    let mut shapes: Vec<_> = table
        .indexes
        .iter()
        .map(|index| {
            assert!(index.valid, "{} of {}", index.name.as_str(), table.name.plain());
            (index.name.as_str().to_owned(), shape(scheme, index))
        })
        .collect();
    shapes.sort();
    shapes
}

/// The source's indexes under the names that `name` gives them.
fn wanted_shapes(scheme: &Scheme, name: impl Fn(&Ident) -> Ident) -> Vec<(String, String)> {
    let mut shapes: Vec<_> = scheme
        .table
        .indexes
        .iter()
        .map(|index| (name(&index.name).as_str().to_owned(), shape(scheme, index)))
        .collect();
    shapes.sort();
    shapes
}

/// Each leaf's indexes are those of the source under the leaf's names, each attached to the parent's.
async fn assert_indexes(db: &Db, session: &Session, scheme: &Scheme, leaves: &[Leaf]) {
    let parent = load(session, &scheme.twin()).await;
    assert_eq!(
        named_shapes(scheme, &parent),
        wanted_shapes(scheme, |index| scheme.twin_index(index).name),
        "of the parent"
    );
    for leaf in leaves {
        let table = load(session, &scheme.leaf(leaf)).await;
        assert_eq!(
            named_shapes(scheme, &table),
            wanted_shapes(scheme, |index| Scheme::leaf_index(&leaf.name, index)),
            "of {}",
            leaf.name.as_str()
        );
        for index in &scheme.table.indexes {
            let own = scheme.twin().sibling(Scheme::leaf_index(&leaf.name, &index.name));
            let parent = db
                .value(&format!("SELECT p.relname FROM pg_inherits i JOIN pg_class p ON p.oid = i.inhparent WHERE inhrelid = $q${own}$q$::regclass"))
                .await;
            assert_eq!(parent, scheme.twin_index(&index.name).name.as_str());
        }
    }
}

/// Columns, checks, storage and owner are the source's.
async fn assert_like_source(db: &Db, session: &Session, scheme: &Scheme, name: &QualifiedName) {
    let (source, copy) = (&scheme.table, load(session, name).await);
    assert_eq!(copy.columns, source.columns, "{}", name.plain());
    assert_eq!(copy.owner, source.owner);
    let checks = |table: &Table| -> Vec<_> {
        let valid = table.constraints.iter().filter(|c| c.validated && !c.definition.starts_with("FOREIGN"));
        valid.map(|c| (c.name.clone(), c.definition.clone())).collect()
    };
    assert_eq!(checks(&copy), checks(source), "{}", name.plain());
    assert!(copy.grants.is_empty(), "{:?}", copy.grants);
    let physical = async |name: &QualifiedName| {
        db.rows(&format!(
            "SELECT attname, attstorage, attcompression, attcollation, pg_get_expr(adbin, adrelid)
             FROM pg_attribute a LEFT JOIN pg_attrdef d ON adrelid = attrelid AND adnum = attnum
             WHERE attrelid = $q${name}$q$::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum"
        ))
        .await
    };
    assert_eq!(physical(name).await, physical(&source.name).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn twin_and_leaves_are_what_the_source_is() {
    support::on_each_server(async |server| {
        let db = server.database("twin").await;
        db.sql(ODD).await;
        let stranger = format!("stranger of {}", db.name());
        db.sql(&format!(
            "CREATE ROLE \"{stranger}\"; ALTER DEFAULT PRIVILEGES GRANT SELECT, INSERT ON TABLES TO PUBLIC, \"{stranger}\";
             ALTER TABLE {ODD_NAME} ALTER word SET COMPRESSION pglz"
        ))
        .await;
        let mut session = db.session().await;
        let (scheme, leaves) = scheme(&session, ODD_NAME, "created_at").await;
        create(&mut session, &scheme, &leaves).await.unwrap_or_else(|e| panic!("{e}"));

        let parent = load(&session, &scheme.twin()).await;
        assert_eq!(parent.facts.kind, "pp");
        assert_eq!(parent.comment, scheme.table.comment);
        assert!(parent.indexes.is_empty());
        assert_like_source(&db, &session, &scheme, &scheme.twin()).await;
        let comments = db
            .rows(
                "SELECT col_description(attrelid, attnum) FROM pg_attribute
                 WHERE attrelid = '\"Ödd Schema\".\"Chät Messages_twin\"'::regclass AND attname = 'word'
                 UNION ALL SELECT obj_description(oid) FROM pg_constraint
                 WHERE conrelid = '\"Ödd Schema\".\"Chät Messages_twin\"'::regclass AND conname = 'n_positive'",
            )
            .await;
        assert_eq!(comments, ["a word", "never zero"]);
        for leaf in &leaves {
            let table = load(&session, &scheme.leaf(leaf)).await;
            assert!(table.indexes.is_empty() && table.triggers.is_empty());
            assert_eq!(table.facts.options, scheme.table.facts.options);
            assert_like_source(&db, &session, &scheme, &table.name).await;
        }
        // Whatever the reader's time zone, the bounds are midnight in UTC.
        db.sql("SET TimeZone = 'Asia/Kathmandu'").await;
        let bounds = db
            .rows(
                "SELECT c.relname, pg_get_expr(c.relpartbound, c.oid) FROM pg_inherits JOIN pg_class c ON c.oid = inhrelid
                 WHERE inhparent = '\"Ödd Schema\".\"Chät Messages_twin\"'::regclass ORDER BY 1",
            )
            .await;
        assert_eq!(bounds[0], "Chät Messages_2024_q1|FOR VALUES FROM ('2024-01-01 05:45:00+05:45') TO ('2024-04-01 05:45:00+05:45')");
        assert_eq!(bounds.last().unwrap(), "Chät Messages_default|DEFAULT");
        assert_eq!(bounds.len(), 4);
        drop(session);
        db.sql(&format!("DROP OWNED BY \"{stranger}\"; DROP ROLE \"{stranger}\"")).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn leaves_sealed_one_by_one_are_adopted_without_a_build() {
    support::on_each_server(async |server| {
        let db = server.database("adopt").await;
        db.sql(ODD).await;
        if server.major() >= 15 {
            db.sql(&format!(
                "CREATE UNIQUE INDEX nnd ON {ODD_NAME} (price, created_at) NULLS NOT DISTINCT WHERE price > 5"
            ))
            .await;
        }
        db.sql(&format!("CREATE INDEX twice_1 ON {ODD_NAME} (n); CREATE INDEX twice_2 ON {ODD_NAME} (n)")).await;
        let mut session = db.session().await;
        let (scheme, leaves) = scheme(&session, ODD_NAME, "created_at").await;
        create(&mut session, &scheme, &leaves).await.unwrap_or_else(|e| panic!("{e}"));
        db.sql(&format!(
            "INSERT INTO {} (id, created_at, n, word) SELECT gen_random_uuid(), '2024-01-01Z'::timestamptz + i * interval '1 day', i, 'w' || i
             FROM generate_series(1, 250) i",
            scheme.twin()
        ))
        .await;
        seal(&mut session, &scheme, &leaves).await;
        let files = "SELECT oid::regclass, pg_relation_filenode(oid) FROM pg_class WHERE relkind = 'i' AND relname LIKE 'Chät%' ORDER BY 1";
        let before = db.rows(files).await;
        adopt(&mut session, &scheme, &leaves).await;
        assert_eq!(db.rows(files).await, before, "nothing was built or rebuilt");
        assert_indexes(&db, &session, &scheme, &leaves).await;
        let parent = load(&session, &scheme.twin()).await;
        let comments = |table: &Table| -> Vec<_> {
            let both = table.indexes.iter().map(|i| (i.role, i.comment.clone(), i.constraint_comment.clone()));
            both.filter(|(_, index, constraint)| index.is_some() || constraint.is_some()).collect()
        };
        assert_eq!(comments(&parent), comments(&scheme.table));
        let twice = db
            .try_sql(&format!("INSERT INTO {0} (id, created_at, n) SELECT id, created_at, -1 FROM {0} LIMIT 1", scheme.twin()))
            .await;
        assert!(twice.is_err(), "the CHECK and the key hold");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leaf_added_later_has_its_indexes_under_its_own_names() {
    support::on_each_server(async |server| {
        let db = server.database("later").await;
        db.sql(ODD).await;
        db.sql("ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC").await;
        let mut session = db.session().await;
        let (scheme, mut leaves) = scheme(&session, ODD_NAME, "created_at").await;
        create(&mut session, &scheme, &leaves).await.unwrap_or_else(|e| panic!("{e}"));
        seal(&mut session, &scheme, &leaves).await;
        // One before the parent has indexes, one after.
        for (year, adopted) in [(2030, false), (2031, true)] {
            let leaf = scheme.leaf_of(Every::Quarter.period_of(at(year, 5)).unwrap());
            let tx = session.begin().await.unwrap();
            twin::add_leaf(&tx, &scheme, &leaf, &scheme.twin()).await.unwrap_or_else(|e| panic!("{e}"));
            tx.commit("add leaf").await.unwrap();
            assert_like_source(&db, &session, &scheme, &scheme.leaf(&leaf)).await;
            leaves.push(leaf);
            if !adopted {
                adopt(&mut session, &scheme, &leaves).await;
            }
        }
        assert_indexes(&db, &session, &scheme, &leaves).await;
        let leaf = load(&session, &scheme.leaf(leaves.last().unwrap())).await;
        assert_eq!(leaf.facts.options, scheme.table.facts.options);
        assert_eq!(leaf.name.name.as_str(), "Chät Messages_2031_q2");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn names_of_63_bytes_are_shortened_and_stay_apart() {
    support::on_each_server(async |server| {
        let db = server.database("long").await;
        let (table, index) = ("é".repeat(31), "ü".repeat(31));
        db.sql(&format!(
            "CREATE TABLE \"{table}\" (id int, at timestamptz NOT NULL, CONSTRAINT \"{table}k\" PRIMARY KEY (at, id));
             CREATE INDEX \"{index}1\" ON \"{table}\" (at); CREATE INDEX \"{index}2\" ON \"{table}\" (id)"
        ))
        .await;
        let mut session = db.session().await;
        let (scheme, leaves) = scheme(&session, &format!("\"{table}\""), "at").await;
        assert_eq!(scheme.twin_key_text(), "(at, id)");
        create(&mut session, &scheme, &leaves).await.unwrap_or_else(|e| panic!("{e}"));
        seal(&mut session, &scheme, &leaves).await;
        adopt(&mut session, &scheme, &leaves).await;
        assert_indexes(&db, &session, &scheme, &leaves).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_taken_name_is_found_before_anything_is_made() {
    let db = support::database("taken").await;
    db.sql(
        "CREATE TABLE t (id int PRIMARY KEY, at timestamptz NOT NULL); CREATE TABLE t_2024_q2_t_pkey (x int)",
    )
    .await;
    let mut session = db.session().await;
    let (scheme, leaves) = scheme(&session, "t", "at").await;
    let error = create(&mut session, &scheme, &leaves).await.unwrap_err();
    assert!(
        matches!(&error, Error::Refused { id: "QD-080", object, .. } if object == "public.t_2024_q2_t_pkey"),
        "{error}"
    );
    assert_eq!(db.value("SELECT to_regclass('t_twin')").await, "-");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_of_the_owner_makes_a_twin_that_the_owner_owns() {
    support::on_each_server(async |server| {
        let db = server.database("member").await;
        let (owner, member) = (format!("Own er {}", db.name()), format!("member_{}", db.name()));
        db.sql(&format!(
            "CREATE ROLE \"{owner}\"; CREATE ROLE {member} LOGIN PASSWORD 'pw' IN ROLE \"{owner}\";
             CREATE SCHEMA app; GRANT USAGE, CREATE ON SCHEMA app TO \"{owner}\"; SET ROLE \"{owner}\";
             CREATE TABLE app.t (id int PRIMARY KEY, at timestamptz NOT NULL); RESET ROLE;
             ALTER DEFAULT PRIVILEGES FOR ROLE {member} GRANT ALL ON TABLES TO PUBLIC;"
        ))
        .await;
        let target = Target::parse(&db.conninfo_as(&member, "pw")).unwrap();
        let mut session = Session::open(&target, "test").await.unwrap();
        let (scheme, leaves) = scheme(&session, "t", "at").await;
        create(&mut session, &scheme, &leaves).await.unwrap_or_else(|e| panic!("{e}"));
        seal(&mut session, &scheme, &leaves).await;
        adopt(&mut session, &scheme, &leaves).await;
        assert_indexes(&db, &session, &scheme, &leaves).await;
        let strangers = db.rows("SELECT relname, relacl FROM pg_class WHERE relname ~ '^t_' AND relkind IN ('r', 'p') AND (pg_get_userbyid(relowner) !~ '^Own' OR relacl::text ~ '[{,]=')").await;
        assert_eq!(strangers, Vec::<String>::new());
        drop(session);
        db.sql(&format!("DROP OWNED BY \"{owner}\", {member} CASCADE; DROP ROLE {member}; DROP ROLE \"{owner}\"")).await;
    })
    .await;
}
