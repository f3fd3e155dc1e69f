//! A table that is ready to be swapped, made by the operations themselves but for the copy, and the replay that drains.

use std::time::Duration;

use futures_util::future::BoxFuture;
use quarterdeck::{
    Result,
    model::{
        calendar::Zone,
        clock::Clock,
        history::History,
        ident::{Ident, QualifiedName},
        leaves::leaves_for,
        period::Every,
        phase::Phase,
        scheme::{Leaf, Scheme},
        strategy::Strategy,
        table::{Constraint, Table},
        throttle::Limits,
    },
    ops::{
        abort, capture,
        finish::{self, End, Old},
        foreign_keys::Keys,
        replay,
        swap::{Drain, Swap, Swapped},
        twin,
    },
    pg::{
        Fence, Session, Target, catalog, journal,
        lock::{Attempt, Patience},
    },
};
use uuid::Uuid;

use crate::support::Db;

/// As the application and the catalogue's reader say it.
pub(crate) const TABLE: &str = r#""My Shop"."Messages""#;
pub(crate) const OLD: &str = r#""My Shop"."Messages_old""#;
pub(crate) const TWIN: &str = r#""My Shop"."Messages_twin""#;

/// One migration.
pub(crate) struct Rig {
    pub(crate) db: Db,
    target: Target,
    pub(crate) session: Session,
    pub(crate) scheme: Scheme,
    pub(crate) fence: Fence,
    pub(crate) leaves: Vec<Leaf>,
    pub(crate) attempts: Vec<Attempt>,
}

/// A budget that a machine busy with other tests keeps too.
pub(crate) const PATIENCE: Patience = Patience { budget: Duration::from_millis(400), attempts: 300 };

impl Rig {
    /// The shop and a plan for its table; nothing of ours on it.
    pub(crate) async fn planned(db: Db) -> Self {
        db.sql(include_str!("shop.sql")).await;
        let mut session = db.session().await;
        let table = catalog::load_table(&session, TABLE).await.unwrap();
        Self::of(db, &mut session, table, "created_at").await
    }

    /// A plan for any table.
    pub(crate) async fn of(db: Db, session: &mut Session, table: Table, by: &str) -> Self {
        let scheme = Scheme {
            id: Uuid::new_v4(),
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
        journal::install(session).await.unwrap();
        journal::write::migration(session, &scheme, 1, &Limits::default()).await.unwrap();
        let fence = Fence::new(&scheme, 0, String::new());
        let session = db.session().await;
        let target = db.target();
        Self { db, target, session, scheme, fence, leaves: Vec::new(), attempts: Vec::new() }
    }

    /// From now on all is done by a role, which must own journal and table.
    pub(crate) async fn act_as(&mut self, target: Target) {
        self.target = target;
        self.session = self.open().await;
    }

    /// Capture is on.
    pub(crate) async fn capturing(db: Db) -> Self {
        let mut rig = Self::planned(db).await;
        rig.begin_capture().await.unwrap();
        rig
    }

    pub(crate) async fn begin_capture(&mut self) -> Result<()> {
        let attempts = &mut self.attempts;
        let mut report = |attempt: Attempt| attempts.push(attempt);
        capture::begin(&mut self.session, &self.fence, &self.scheme, PATIENCE, &mut report).await
    }

    /// The twin has every row and index.
    pub(crate) async fn ready(db: Db) -> Self {
        Self::capturing(db).await.copied().await
    }

    /// The same, where all is done by a role that owns the tables.
    pub(crate) async fn ready_as(db: Db, role: &str, password: &str) -> Self {
        db.sql(include_str!("shop.sql")).await;
        db.sql(&format!(
            r#"ALTER SCHEMA "My Shop" OWNER TO {role}; ALTER TABLE users OWNER TO {role}; ALTER TABLE rooms OWNER TO {role};
               ALTER TABLE seen OWNER TO {role}; ALTER TABLE "Messages" OWNER TO {role};
               ALTER VIEW recent OWNER TO {role}; ALTER VIEW "by room" OWNER TO {role}"#
        ))
        .await;
        let target = Target::parse(&db.conninfo_as(role, password)).unwrap();
        let mut session = Session::open(&target, "test").await.unwrap();
        let table = catalog::load_table(&session, TABLE).await.unwrap();
        let mut rig = Self::of(db, &mut session, table, "created_at").await;
        rig.target = target;
        rig.session = session;
        rig.begin_capture().await.unwrap();
        rig.copied().await
    }

    /// From where capture is on to where the twin has every row and index.
    pub(crate) async fn copied(self) -> Self {
        let mut rig = self;
        let first = "2024-01-01T00:00:00Z".parse().unwrap();
        let last = "2024-12-31T00:00:00Z".parse().unwrap();
        let scheme = &rig.scheme;
        let periods = leaves_for(Every::Quarter, first, last, 1).unwrap();
        rig.leaves = periods.into_iter().map(|period| scheme.leaf_of(period)).collect();
        rig.leaves.push(scheme.leaf_default());
        let tx = rig.session.begin().await.unwrap();
        twin::create(&tx, scheme, &rig.leaves).await.unwrap();
        let copy = format!(
            "LOCK TABLE {0} IN SHARE MODE; INSERT INTO {1} ({2}) SELECT {2} FROM {0}; DELETE FROM {3}",
            scheme.source(),
            scheme.twin(),
            scheme.column_list(""),
            scheme.log()
        );
        tx.batch("copy", &copy).await.unwrap();
        for leaf in &rig.leaves {
            for statement in twin::seal_statements(scheme, leaf) {
                tx.batch("seal", &statement.sql).await.unwrap();
            }
        }
        twin::adopt(&tx, scheme, &rig.leaves).await.unwrap();
        rig.fence.fingerprint = rig.fence.fingerprint_now(&tx).await.unwrap();
        journal::fingerprint(&tx, rig.scheme.id, &rig.fence.fingerprint).await.unwrap();
        tx.commit("ready").await.unwrap();
        rig.attempts.clear();
        rig.phase(Phase::Ready).await;
        rig
    }

    /// What a process that takes over reads: the fingerprint.
    pub(crate) async fn take_over(&mut self) {
        self.session = self.open().await;
        // As a new epoch does, it waits for every transaction of the old one: a COMMIT may still be under way.
        self.db.sql("UPDATE quarterdeck.fence SET epoch = epoch").await;
        let row = journal::read::migration(&self.session, self.scheme.id).await.unwrap();
        self.fence.fingerprint = row.fingerprint;
    }

    /// What the engine journals between the operations.
    pub(crate) async fn phase(&self, phase: Phase) {
        let word = phase.word();
        self.db.sql(&format!("UPDATE quarterdeck.migration SET phase = '{word}'")).await;
    }

    pub(crate) fn leaf_names(&self) -> Vec<QualifiedName> {
        self.leaves.iter().map(|leaf| self.scheme.leaf(leaf)).collect()
    }

    async fn open(&self) -> Session {
        Session::open(&self.target, "test").await.unwrap()
    }

    pub(crate) async fn drain(&self, way: Way) -> Replay {
        Replay {
            session: self.open().await,
            fence: self.fence.clone(),
            scheme: self.scheme.clone(),
            leaves: self.leaves.clone(),
            way,
        }
    }

    pub(crate) async fn swap(&mut self) -> Result<Swapped> {
        self.exchange(Way::Forward, PATIENCE).await
    }

    pub(crate) async fn reverse(&mut self) -> Result<Swapped> {
        self.exchange(Way::Back, PATIENCE).await
    }

    pub(crate) async fn exchange(&mut self, way: Way, patience: Patience) -> Result<Swapped> {
        let mut drain = self.drain(way).await;
        self.exchange_with(way, patience, &mut drain).await
    }

    pub(crate) async fn exchange_with(
        &mut self,
        way: Way,
        patience: Patience,
        drain: &mut dyn Drain,
    ) -> Result<Swapped> {
        let leaves = self.leaf_names();
        let attempts = &mut self.attempts;
        let mut report = |attempt: Attempt| attempts.push(attempt);
        let swap = Swap { scheme: &self.scheme, leaves: &leaves, fence: &self.fence, patience };
        // Boxed: it says that the engine may run it on any thread.
        let exchange: BoxFuture<'_, Result<Swapped>> = match way {
            Way::Forward => Box::pin(swap.swap(&mut self.session, drain, &mut report)),
            Way::Back => Box::pin(swap.reverse(&mut self.session, drain, &mut report)),
        };
        let done = exchange.await?;
        self.fence.fingerprint.clone_from(&done.fingerprint);
        Ok(done)
    }

    pub(crate) async fn settle(&mut self) {
        let leaves = self.leaf_names();
        let attempts = &mut self.attempts;
        let mut report = |attempt: Attempt| attempts.push(attempt);
        let swap = Swap { scheme: &self.scheme, leaves: &leaves, fence: &self.fence, patience: PATIENCE };
        swap.settle(&mut self.session, &mut report).await.unwrap();
    }

    /// After the swap: the leaves' foreign keys, then the parent's.
    pub(crate) async fn validate(&mut self) -> Vec<String> {
        let leaves = self.leaf_names();
        let keys = Keys { scheme: &self.scheme, leaves: &leaves, fence: &self.fence, patience: PATIENCE };
        let mut done = Vec::new();
        let mut tell = |fk: &Constraint| done.push(fk.name.as_str().to_owned());
        keys.validate(&mut self.session, &mut |_| (), &mut tell).await.unwrap();
        done
    }

    /// After the reverse: the old table's foreign keys.
    pub(crate) async fn restore(&mut self) {
        let keys = Keys { scheme: &self.scheme, leaves: &[], fence: &self.fence, patience: PATIENCE };
        keys.restore(&mut self.session, &mut |_| ()).await.unwrap();
    }

    pub(crate) async fn abort(&mut self) {
        abort::abort(&mut self.session, &self.fence, &self.scheme, PATIENCE, &mut |_| ()).await.unwrap();
    }

    pub(crate) async fn finish(&mut self, old: Old) -> Result<()> {
        let leaves = self.leaf_names();
        let end = End { scheme: &self.scheme, leaves: &leaves, old };
        finish::finish(&mut self.session, &self.fence, &end, PATIENCE, &mut |_| ()).await
    }

    /// A count, or whatever else is one value, of the database.
    pub(crate) async fn value(&self, sql: &str) -> String {
        self.db.value(sql).await
    }

    /// Rows in the log, `operation of the first key column` in order.
    pub(crate) async fn log(&self) -> Vec<String> {
        self.db
            .rows(&format!("SELECT k1, part AT TIME ZONE 'UTC' FROM {} ORDER BY seq", self.scheme.log()))
            .await
    }
}

/// Which replay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    Forward,
    Back,
}

/// Replays batches, as the engine does.
pub(crate) struct Replay {
    session: Session,
    pub(crate) fence: Fence,
    scheme: Scheme,
    leaves: Vec<Leaf>,
    way: Way,
}

impl Replay {
    async fn batch(&mut self) -> Result<i64> {
        let Self { session, fence, scheme, leaves, way } = self;
        let replayed = match way {
            Way::Forward => {
                let scope = replay::forward::Scope { ranges: &replay::all(), leaves };
                replay::forward::batch(session, fence, scheme, scope, replay::BATCH).await?
            }
            Way::Back => {
                replay::reverse::batch(session, fence, scheme, replay::reverse::Past::Copied, replay::BATCH)
                    .await?
            }
        };
        Ok(replayed.log_rows)
    }
}

impl Drain for Replay {
    fn drain(&mut self) -> BoxFuture<'_, Result<i64>> {
        Box::pin(async move {
            let mut sum = 0;
            loop {
                match self.batch().await {
                    Ok(rows) if rows < replay::BATCH => return Ok(sum + rows),
                    Ok(rows) => sum += rows,
                    Err(error) if replay::is_passing(&error) => {}
                    Err(error) => return Err(error),
                }
            }
        })
    }
}
