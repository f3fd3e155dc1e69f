//! A table in thirteen quarters, taken through a conversion by the operations themselves, with the statistics and the
//! log that a case asks for. It judges nothing.

use quarterdeck::{
    model::{chunk::Chunk, clock::Clock, leaves::leaves_for, period::Every, phase::Phase, scheme::Leaf},
    ops::{
        census, copy,
        replay::{self, Replayed, forward::Scope},
        seal, twin,
    },
    pg::{Session, catalog, journal},
};

use super::explained::{Explained, Plan};
use crate::{exchange::rig::Rig, keys::IDS, support::server::Server};

/// What the application calls it.
pub(super) const TABLE: &str = "messages";
/// 61,000 rows of three years, some 1,700 blocks, the last ones in no order. What else is indexed would lead the planner astray: a sixth of the
/// rows came at one moment, as those of one transaction do.
const MAKE: &str = "CREATE TABLE messages (id uuid PRIMARY KEY, at timestamptz NOT NULL, kind int, body text) \
                    WITH (autovacuum_enabled = off); CREATE INDEX ON messages (at); CREATE INDEX ON messages (kind); \
                    INSERT INTO messages SELECT {id}, at, n % 3, repeat('x', 150) FROM (\
                    SELECT n, '2022-01-01 00:00+00'::timestamptz + \
                    CASE WHEN n BETWEEN 40001 AND 50000 THEN interval '755 days' ELSE n * interval '26 minutes' END AS at \
                    FROM generate_series(1, 60000) n) s; \
                    INSERT INTO messages SELECT {id}, at, n % 3, repeat('x', 150) FROM (\
                    SELECT n, '2022-01-01 00:00+00'::timestamptz + n * interval '1 day' AS at \
                    FROM generate_series(1, 1000) n) s";
/// Keys that no batch and no hash table is small for.
const MANY: i64 = 200_000;
/// Keys in a small log.
const SOME: i64 = 64;
/// More than the five runs after which the server may keep a plan for good.
pub(super) const RUNS: usize = 8;

/// What the server knows of the tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Statistics {
    /// Nothing: never analysed.
    None,
    /// All, and of late.
    Fresh,
    /// All, but of the log that it is empty, though it has the pages for many rows, as after a vacuum of a queue that
    /// was drained.
    SinceTheLogWasEmpty,
}

/// How full the log is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Log {
    Small,
    Large,
}

impl Log {
    pub(super) fn keys(self) -> i64 {
        match self {
            Self::Small => SOME,
            Self::Large => MANY,
        }
    }

    /// What a batch may take, so that there are batches enough.
    pub(super) fn limit(self) -> i64 {
        replay::BATCH.min(self.keys() / 8)
    }
}

fn new_id(clock: Clock) -> &'static str {
    if clock.is_id() { "v7(at)" } else { "gen_random_uuid()" }
}

/// A migration.
pub(super) struct Stage {
    pub(super) rig: Rig,
    pub(super) statistics: Statistics,
    explained: Explained,
}

impl Stage {
    /// Capture is on, the log empty.
    pub(super) async fn captured(server: &'static Server, statistics: Statistics) -> Self {
        Self::by(server, statistics, Clock::Timestamptz).await
    }

    /// The same, by the times of the rows or by ids that tell them.
    pub(super) async fn by(server: &'static Server, statistics: Statistics, clock: Clock) -> Self {
        let db = server.database("plans").await;
        db.sql(IDS).await;
        db.sql(&MAKE.replace("{id}", new_id(clock))).await;
        let explained = Explained::of(&db).await;
        let mut session = db.session().await;
        let table = catalog::load_table(&session, TABLE).await.unwrap();
        let by = if clock.is_id() { "id" } else { "at" };
        let mut rig = Rig::of(db, &mut session, table, by).await;
        rig.scheme.clock = clock;
        rig.begin_capture().await.unwrap();
        let stage = Self { rig, statistics, explained };
        stage.sql("ALTER TABLE {log} SET (autovacuum_enabled = off)").await;
        if statistics == Statistics::SinceTheLogWasEmpty {
            stage.fill_log(Log::Large).await;
            stage.sql("DELETE FROM {log}").await;
            stage.sql("VACUUM ANALYZE").await;
        }
        stage.analyse().await;
        stage
    }

    /// Cuts and counts.
    pub(super) async fn count(&mut self) {
        let Rig { session, fence, scheme, .. } = &mut self.rig;
        census::cut(session, fence, scheme).await.unwrap();
        for chunk in journal::read::chunks(session, scheme.id).await.unwrap() {
            let run = [(chunk.id, (chunk.first_block, chunk.end_block))];
            census::count(session, fence, scheme, &run).await.unwrap();
        }
    }

    /// Creates the twin for what was counted.
    pub(super) async fn create(&mut self) -> Vec<Chunk> {
        let Rig { session, fence, scheme, leaves, .. } = &mut self.rig;
        let (first, last) =
            ("2022-01-01T00:00:00Z".parse().unwrap(), "2024-12-31T00:00:00Z".parse().unwrap());
        let periods = leaves_for(Every::Quarter, first, last, 1).unwrap();
        leaves.extend(periods.into_iter().map(|period| scheme.leaf_of(period)));
        leaves.push(scheme.leaf_default());
        let tx = session.begin().await.unwrap();
        twin::create(&tx, scheme, leaves).await.unwrap();
        fence.fingerprint = fence.fingerprint_now(&tx).await.unwrap();
        tx.commit("create").await.unwrap();
        let at =
            |lower| leaves.iter().position(|leaf| leaf.period.is_some_and(|p| p.lower == lower)).unwrap();
        let rows = journal::read::chunks(session, scheme.id).await.unwrap().into_iter();
        let chunks = rows.map(|row| {
            let counts = row.counts.unwrap();
            Chunk {
                id: row.id,
                first_block: row.first_block,
                end_block: row.end_block,
                lowers: counts.iter().map(|(lower, _)| *lower).collect(),
                rows: counts.into_iter().map(|(lower, rows)| (at(lower), rows)).collect(),
            }
        });
        chunks.collect()
    }

    pub(super) async fn copy(&mut self, chunk: &Chunk) {
        let Rig { session, fence, scheme, leaves, .. } = &mut self.rig;
        copy::chunk(session, fence, scheme, leaves, chunk).await.unwrap();
    }

    /// Seals: how many rows a leaf has is known then, and of its columns nothing.
    pub(super) async fn seal(&mut self) {
        let Rig { session, fence, scheme, leaves, .. } = &mut self.rig;
        for leaf in leaves.iter() {
            let build = twin::seal_statements(scheme, leaf);
            seal::seal(session, fence, scheme, leaf, &build).await.unwrap();
            session.batch("vacuum", &format!("VACUUM (TRUNCATE false) {}", scheme.leaf(leaf))).await.unwrap();
        }
        let tx = session.begin().await.unwrap();
        twin::adopt(&tx, scheme, leaves).await.unwrap();
        fence.fingerprint = fence.fingerprint_now(&tx).await.unwrap();
        journal::fingerprint(&tx, scheme.id, &fence.fingerprint).await.unwrap();
        tx.commit("ready").await.unwrap();
        self.rig.phase(Phase::Ready).await;
        self.analyse().await;
    }

    /// Exchanges the names; writers log again.
    pub(super) async fn swap(&mut self) {
        self.rig.swap().await.unwrap();
        self.rig.settle().await;
        self.analyse().await;
    }

    /// Replays batches of keys that belong to `which`, on one session.
    pub(super) async fn forward(&self, which: &[Leaf], limit: i64, batches: usize) -> Vec<Replayed> {
        let Rig { fence, scheme, leaves, .. } = &self.rig;
        let ranges = replay::scope(scheme.clock, which, leaves);
        let (scope, mut session) = (Scope { ranges: &ranges, leaves }, self.session().await);
        let mut done = Vec::new();
        for _ in 0..batches {
            done.push(replay::forward::batch(&mut session, fence, scheme, scope, limit).await.unwrap());
        }
        done
    }

    /// Replays all that is in the log.
    pub(super) async fn drain(&self) {
        self.forward(&self.rig.leaves, replay::WHOLE_LOG, 1).await;
        assert_eq!(self.logged().await, "0");
    }

    /// Replays batches into the old table, on one session.
    pub(super) async fn reverse(&self, limit: i64, batches: usize) -> Vec<Replayed> {
        let Rig { fence, scheme, .. } = &self.rig;
        let mut session = self.session().await;
        let mut done = Vec::new();
        for _ in 0..batches {
            done.push(
                replay::reverse::batch(&mut session, fence, scheme, replay::reverse::Past::Copied, limit)
                    .await
                    .unwrap(),
            );
        }
        done
    }

    pub(super) async fn session(&self) -> Session {
        self.rig.db.session().await
    }

    /// Puts keys into the log: a quarter of them of rows all over the table, the others of rows that are gone.
    pub(super) async fn fill_log(&self, log: Log) {
        let keys = log.keys();
        let (by, id) = (&self.rig.scheme.by, self.new_id());
        self.sql(&format!(
            "INSERT INTO {{log}} (k1, part) SELECT id, {by} FROM {TABLE} ORDER BY id LIMIT {keys} / 4; \
             INSERT INTO {{log}} (k1, part) SELECT id, {by} FROM (SELECT {id} AS id, at FROM (\
             SELECT '2022-01-01 00:00+00'::timestamptz + n * 7 % 1500000 * interval '1 minute' AS at \
             FROM generate_series({keys} / 4 + 1, {keys}) n) t OFFSET 0) s"
        ))
        .await;
        self.analyse().await;
    }

    /// SQL that makes an id for a row of the moment `at`.
    pub(super) fn new_id(&self) -> &'static str {
        new_id(self.rig.scheme.clock)
    }

    /// How many keys the log has.
    pub(super) async fn logged(&self) -> String {
        self.rig.db.value(&format!("SELECT count(*) FROM {}", self.rig.scheme.log())).await
    }

    /// Runs a statement about the table or the `{log}` as somebody else.
    pub(super) async fn sql(&self, sql: &str) {
        self.rig.db.sql(&sql.replace("{log}", &self.rig.scheme.log().to_string())).await;
    }

    /// The server knows what it would know, were autovacuum on.
    pub(super) async fn analyse(&self) {
        match self.statistics {
            Statistics::Fresh => self.sql("ANALYZE").await,
            Statistics::None | Statistics::SinceTheLogWasEmpty => {}
        }
    }

    /// The plans of the tool's statements since the last call.
    pub(super) fn plans(&self) -> Vec<Plan> {
        self.explained.take()
    }
}
