//! A source, a twin and a log made by plain SQL, so that these tests stand on nothing but the verifier.

use chrono::{TimeZone, Utc};
use quarterdeck::{
    error::Result,
    model::{
        calendar::Zone,
        clock::Clock,
        diff::Diff,
        history::History,
        ident::{Ident, QualifiedName},
        period::Every,
        scheme::{Leaf, Scheme},
        strategy::Strategy,
    },
    ops::{
        repair,
        verify::{self, Limits, Pass, Progress, Sides},
    },
    pg::catalog,
};
use uuid::Uuid;

use crate::support::{Db, server::Server};

/// The four quarters of 2024, but for the third, and DEFAULT, which has the third's rows.
pub(super) const Q1: usize = 0;
pub(super) const Q2: usize = 1;
pub(super) const Q4: usize = 2;
pub(super) const DEFAULT: usize = 3;

/// One conversion, as far as the verifier sees it.
pub(super) struct Fixture {
    pub(super) db: Db,
    pub(super) scheme: Scheme,
    pub(super) leaves: Vec<Leaf>,
}

impl Fixture {
    /// `table` (quoted) with `columns`, of which `by` is the time and `key` the primary key.
    pub(super) async fn new(server: &'static Server, table: &str, columns: &str, key: &[&str]) -> Self {
        Self::by(server, table, columns, (key, "at")).await
    }

    /// The same with another name of the partition column.
    pub(super) async fn by(
        server: &'static Server,
        table: &str,
        columns: &str,
        (key, by): (&[&str], &str),
    ) -> Self {
        let db = server.database("verify").await;
        let source = QualifiedName::new("public", table);
        let names: Vec<_> = key.iter().map(|name| Ident::new(*name).to_string()).collect();
        db.sql(
            "CREATE EXTENSION IF NOT EXISTS citext; CREATE TYPE mood AS ENUM ('low', 'high'); \
                CREATE COLLATION loose (provider = icu, locale = 'und-u-ks-level2', deterministic = false); \
                CREATE DOMAIN name_of_loose AS text COLLATE loose; CREATE DOMAIN word AS varchar(20); \
                CREATE TYPE pair AS (a int, b text)",
        )
        .await;
        db.sql(&format!("CREATE TABLE {source} ({columns}, PRIMARY KEY ({}))", names.join(", "))).await;
        let scheme = Scheme {
            id: Uuid::new_v4(),
            table: catalog::load_table(&db.session().await, &source.to_string()).await.unwrap(),
            by: Ident::new(by),
            clock: Clock::Timestamptz,
            every: Every::Quarter,
            zone: Zone::UTC,
            ahead: 0,
            default_leaf: true,
            strategy: Strategy::Online,
            incoming: quarterdeck::model::incoming::Incoming::default(),
            history: History::Range,
            ids_table: false,
        };
        let quarter = |month| {
            let lower = Utc.with_ymd_and_hms(2024, month, 1, 0, 0, 0).unwrap();
            scheme.leaf_of(Every::Quarter.period_of(lower).unwrap())
        };
        let leaves = vec![quarter(1), quarter(4), quarter(10), scheme.leaf_default()];
        let fixture = Self { db, scheme, leaves };
        fixture.make_twin().await;
        fixture.make_log().await;
        fixture
    }

    async fn make_twin(&self) {
        let (scheme, by) = (&self.scheme, &self.scheme.by);
        let (source, twin) = (scheme.source(), scheme.twin());
        self.db
            .sql(&format!(
                "CREATE TABLE {twin} (LIKE {source} INCLUDING GENERATED) PARTITION BY RANGE ({by})"
            ))
            .await;
        for leaf in &self.leaves {
            let bounds = leaf.period.map_or("DEFAULT".into(), |period| {
                format!("FOR VALUES FROM ('{}') TO ('{}')", period.lower, period.upper)
            });
            self.db.sql(&format!("CREATE TABLE {} PARTITION OF {twin} {bounds}", scheme.leaf(leaf))).await;
        }
        let key: Vec<_> = scheme.twin_key().iter().map(|column| column.name.to_string()).collect();
        self.db.sql(&format!("ALTER TABLE {twin} ADD PRIMARY KEY ({})", key.join(", "))).await;
    }

    async fn make_log(&self) {
        let log = self.scheme.log();
        let names = self.scheme.log_key();
        let columns: Vec<_> = names
            .iter()
            .zip(self.scheme.logged_columns())
            .map(|(name, column)| format!("{name} {}", column.type_sql))
            .collect();
        self.db
            .sql(&format!(
                "CREATE SCHEMA quarterdeck; CREATE TABLE {log} (seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, \
                 at timestamptz NOT NULL DEFAULT now(), {}); CREATE INDEX ON {log} ({})",
                columns.join(", "),
                names.join(", ")
            ))
            .await;
    }

    /// Fills the source by `INSERT INTO t …`, and the twin with the same rows; statistics are up to date.
    pub(super) async fn fill(&self, select: &str) {
        let (source, twin) = (self.scheme.source(), self.scheme.twin());
        let columns = self.scheme.column_list("");
        self.db.sql(&format!("INSERT INTO {source} ({columns}) {select}")).await;
        self.db.sql(&format!("INSERT INTO {twin} ({columns}) SELECT {columns} FROM {source}")).await;
        self.db.sql("ANALYZE").await;
    }

    /// Makes the twin what the source is, and empties the log.
    pub(super) async fn reset(&self) {
        let (source, twin) = (self.scheme.source(), self.scheme.twin());
        let columns = self.scheme.column_list("");
        self.db
            .sql(&format!(
                "TRUNCATE {twin}, {}; INSERT INTO {twin} ({columns}) SELECT {columns} FROM {source}",
                self.scheme.log()
            ))
            .await;
    }

    pub(super) fn sides(&self) -> Sides<'_> {
        Sides::before_swap(&self.scheme, &self.leaves)
    }

    /// A pass over all leaves.
    pub(super) async fn pass(&self) -> Pass {
        self.pass_of(&[Q1, Q2, Q4, DEFAULT]).await
    }

    /// A pass over some leaves.
    pub(super) async fn pass_of(&self, which: &[usize]) -> Pass {
        self.try_pass(which, Limits::default(), &Progress::default()).await.expect("a pass")
    }

    pub(super) async fn try_pass(
        &self,
        which: &[usize],
        limits: Limits,
        progress: &Progress,
    ) -> Result<Pass> {
        verify::pass(&self.db.target(), &self.sides(), which, limits, progress).await
    }

    /// Repairs a leaf in a transaction of its own; the keys logged.
    pub(super) async fn repair(&self, leaf: usize) -> i64 {
        let mut session = self.db.session().await;
        let tx = session.begin().await.unwrap();
        let keys = repair::repair(&tx, &self.sides(), leaf, repair::Past::Copied).await.expect("a repair");
        tx.commit("commit repair").await.unwrap();
        keys
    }

    /// Takes the keys out of the log, deletes them from the twin, and inserts the source's rows: one transaction.
    pub(super) fn replay_sql(&self) -> String {
        let (scheme, columns) = (&self.scheme, self.scheme.column_list(""));
        let key = scheme.log_key().join(", ");
        format!(
            "BEGIN ISOLATION LEVEL REPEATABLE READ; CREATE TEMP TABLE batch ON COMMIT DROP AS \
             SELECT seq, {key} FROM {log} ORDER BY seq LIMIT 500; \
             DELETE FROM {log} l USING batch b WHERE l.seq = b.seq; \
             DELETE FROM {twin} t USING batch b WHERE {in_twin}; \
             INSERT INTO {twin} ({columns}) SELECT {columns} FROM {source} s \
             WHERE EXISTS (SELECT FROM batch b WHERE {in_source}); COMMIT",
            log = scheme.log(),
            twin = scheme.twin(),
            source = scheme.source(),
            in_twin = scheme.log_match("b", "t"),
            in_source = scheme.log_match("b", "s"),
        )
    }
}

/// All diffs of a pass, in the order of leaves.
pub(super) fn diffs(pass: &Pass) -> Vec<&Diff> {
    pass.verdicts.iter().flat_map(|verdict| &verdict.diffs).collect()
}
