//! A session with its settings pinned, and labelled statements.
//!
//! Every statement carries the label that the plan, the log and errors show. No statement waits for a lock
//! without end: `lock_timeout` is always set (TRAPS 32). Row security is off, so that a policy makes an
//! error instead of silently missing rows (TRAPS 53).

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio_postgres::{
    CancelToken, Client, IsolationLevel, Row, SimpleQueryMessage, Statement, Transaction, types::ToSql,
};
use tokio_util::sync::CancellationToken;

use crate::{
    error::{Error, Result},
    pg::{Target, failpoint::Point},
};

/// Bind parameters.
pub type Params<'a> = &'a [&'a (dyn ToSql + Sync)];

/// How long any statement waits for a lock unless it says otherwise.
pub const LOCK_TIMEOUT: Duration = Duration::from_secs(10);

const PIN: &str = include_str!("../../assets/sql/pin_session.sql");

/// After [`PIN`], where the target is [`Target::read_only`]. The server still lets VACUUM, ANALYZE, REINDEX and signals to
/// other sessions pass: who watches does not ask for them.
const READ_ONLY: &str = "SET default_transaction_read_only = on";

/// Statements that are run again and again, by their text: one round trip instead of two.
type Prepared = Mutex<HashMap<String, Statement>>;

/// The most statements a session keeps prepared.
const MOST_PREPARED: usize = 300;

/// One connection.
#[derive(Debug)]
pub struct Session {
    client: Client,
    target: Target,
    prepared: Prepared,
    stop: Option<CancellationToken>,
}

/// A transaction in a [`Session`]; rolled back when dropped.
pub struct Tx<'a> {
    tx: Transaction<'a>,
    prepared: &'a Prepared,
}

impl Session {
    /// Connects and pins the session's settings. `purpose` ends the application name: `quarterdeck copy 2`.
    pub async fn open(target: &Target, purpose: &str) -> Result<Self> {
        let client = target.open(&format!("quarterdeck {purpose}")).await?;
        let pin = if target.is_read_only() { format!("{PIN}{READ_ONLY}") } else { PIN.to_owned() };
        client.batch_execute(&pin).await.map_err(Error::db("pin session"))?;
        Ok(Self { client, target: target.clone(), prepared: Prepared::default(), stop: None })
    }

    /// Begins READ COMMITTED.
    pub async fn begin(&mut self) -> Result<Tx<'_>> {
        let tx = self.client.transaction().await.map_err(Error::db("begin"))?;
        Ok(Tx { tx, prepared: &self.prepared })
    }

    /// Begins REPEATABLE READ. Take the table lock before any query: the first one fixes the snapshot (TRAPS 60).
    pub async fn begin_repeatable_read(&mut self) -> Result<Tx<'_>> {
        let builder = self.client.build_transaction().isolation_level(IsolationLevel::RepeatableRead);
        let tx = builder.start().await.map_err(Error::db("begin"))?;
        Ok(Tx { tx, prepared: &self.prepared })
    }

    /// Begins REPEATABLE READ READ ONLY.
    pub async fn begin_snapshot(&mut self) -> Result<Tx<'_>> {
        let builder =
            self.client.build_transaction().isolation_level(IsolationLevel::RepeatableRead).read_only(true);
        let tx = builder.start().await.map_err(Error::db("begin"))?;
        Ok(Tx { tx, prepared: &self.prepared })
    }

    /// What cancels this session's statement; see [`Target::cancel`].
    pub fn cancel_token(&self) -> CancelToken {
        self.client.cancel_token()
    }

    /// Whose cancellation ends attempts at a lock: before the next one, or in the pause before it.
    pub fn stop_with(&mut self, token: CancellationToken) {
        self.stop = Some(token);
    }

    /// What [`Self::stop_with`] was given.
    pub fn stop(&self) -> Option<CancellationToken> {
        self.stop.clone()
    }

    /// Where it is connected to.
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// Whether the connection is gone.
    pub fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    /// The driver's client, for what the labelled calls do not offer (COPY).
    pub fn client(&self) -> &Client {
        &self.client
    }
}

impl<'a> Tx<'a> {
    /// Commits. An error here may mean that the outcome is unknown: ask [`Error::connection_lost`].
    pub async fn commit(self, label: &'static str) -> Result<()> {
        let point = Point::commit(label);
        #[cfg(feature = "failpoints")]
        if point.is_unanswered() {
            return self.commit_unanswered(label).await;
        }
        self.tx.commit().await.map_err(Error::db(label))?;
        point.passed();
        Ok(())
    }

    /// The server commits, and the connection ends before anybody is told.
    #[cfg(feature = "failpoints")]
    async fn commit_unanswered(self, label: &'static str) -> Result<()> {
        self.tx.batch_execute("COMMIT").await.map_err(Error::db(label))?;
        self.tx.batch_execute("SELECT pg_terminate_backend(pg_backend_pid())").await.map_err(Error::db(label))
    }

    /// Rolls back and waits for the answer.
    pub async fn rollback(self) -> Result<()> {
        self.tx.rollback().await.map_err(Error::db("rollback"))
    }

    /// Rolls back after an error, and gives that one back: whether the rollback got an answer is its consequence at most.
    pub async fn undo(self, error: Error) -> Error {
        if let Err(consequence) = self.rollback().await {
            tracing::debug!(%error, %consequence, "not rolled back");
        }
        error
    }

    /// `SET LOCAL lock_timeout`; 0 would wait without end and is refused.
    pub async fn lock_timeout(&self, timeout: Duration) -> Result<()> {
        let millis = timeout.as_millis().max(1);
        self.batch("set lock_timeout", &format!("SET LOCAL lock_timeout = {millis}")).await
    }

    /// Runs statements without parameters in one round trip, and returns the rows that each of them touched.
    pub async fn touched(&self, label: &'static str, sql: &str) -> Result<Vec<u64>> {
        tracing::trace!(label, sql);
        let point = Point::reach(label, sql);
        let answers = self.tx.simple_query(sql).await.map_err(Error::db(label))?;
        point.passed();
        let rows = |answer: &SimpleQueryMessage| {
            if let SimpleQueryMessage::CommandComplete(rows) = answer { Some(*rows) } else { None }
        };
        Ok(answers.iter().filter_map(rows).collect())
    }

    /// The driver's transaction.
    pub fn inner(&self) -> &Transaction<'a> {
        &self.tx
    }
}

macro_rules! statements {
    ($type:ty, $field:ident) => {
        impl $type {
            /// Runs a query.
            pub async fn query(
                &self,
                label: &'static str,
                sql: &str,
                params: Params<'_>,
            ) -> Result<Vec<Row>> {
                tracing::trace!(label, sql);
                let point = Point::reach(label, sql);
                let done = self.$field.query(sql, params).await.map_err(Error::db(label))?;
                point.passed();
                Ok(done)
            }

            /// Runs a query that returns exactly one row.
            pub async fn query_one(&self, label: &'static str, sql: &str, params: Params<'_>) -> Result<Row> {
                tracing::trace!(label, sql);
                let point = Point::reach(label, sql);
                let done = self.$field.query_one(sql, params).await.map_err(Error::db(label))?;
                point.passed();
                Ok(done)
            }

            /// Runs a query that returns one row or none.
            pub async fn query_opt(
                &self,
                label: &'static str,
                sql: &str,
                params: Params<'_>,
            ) -> Result<Option<Row>> {
                tracing::trace!(label, sql);
                let point = Point::reach(label, sql);
                let done = self.$field.query_opt(sql, params).await.map_err(Error::db(label))?;
                point.passed();
                Ok(done)
            }

            /// Runs a statement and returns the rows it touched.
            pub async fn execute(&self, label: &'static str, sql: &str, params: Params<'_>) -> Result<u64> {
                tracing::trace!(label, sql);
                let point = Point::reach(label, sql);
                let done = self.$field.execute(sql, params).await.map_err(Error::db(label))?;
                point.passed();
                Ok(done)
            }

            /// Runs a query whose text comes again on this session: it stays prepared.
            pub async fn query_again(
                &self,
                label: &'static str,
                sql: &str,
                params: Params<'_>,
            ) -> Result<Vec<Row>> {
                let statement = self.prepare(label, sql).await?;
                let point = Point::reach(label, sql);
                let done = self.$field.query(&statement, params).await.map_err(Error::db(label))?;
                point.passed();
                Ok(done)
            }

            /// [`Self::query_again`] for exactly one row.
            pub async fn query_one_again(
                &self,
                label: &'static str,
                sql: &str,
                params: Params<'_>,
            ) -> Result<Row> {
                let statement = self.prepare(label, sql).await?;
                let point = Point::reach(label, sql);
                let done = self.$field.query_one(&statement, params).await.map_err(Error::db(label))?;
                point.passed();
                Ok(done)
            }

            /// [`Self::query_again`] for one row or none.
            pub async fn query_opt_again(
                &self,
                label: &'static str,
                sql: &str,
                params: Params<'_>,
            ) -> Result<Option<Row>> {
                let statement = self.prepare(label, sql).await?;
                let point = Point::reach(label, sql);
                let done = self.$field.query_opt(&statement, params).await.map_err(Error::db(label))?;
                point.passed();
                Ok(done)
            }

            /// Runs a statement whose text comes again on this session: it stays prepared.
            pub async fn execute_again(
                &self,
                label: &'static str,
                sql: &str,
                params: Params<'_>,
            ) -> Result<u64> {
                let statement = self.prepare(label, sql).await?;
                let point = Point::reach(label, sql);
                let done = self.$field.execute(&statement, params).await.map_err(Error::db(label))?;
                point.passed();
                Ok(done)
            }

            /// Runs a statement of [`Self::prepare`]: it goes out at once, so several go out in the order they are
            /// asked for.
            pub async fn execute_prepared(
                &self,
                label: &'static str,
                statement: &Statement,
                params: Params<'_>,
            ) -> Result<u64> {
                tracing::trace!(label);
                let point = Point::change(label);
                let done = self.$field.execute(statement, params).await.map_err(Error::db(label))?;
                point.passed();
                Ok(done)
            }

            /// A statement that stays prepared. By its text alone it may be forgotten any moment, and is prepared anew then.
            pub async fn prepare(&self, label: &'static str, sql: &str) -> Result<Statement> {
                let kept = || self.prepared.lock().unwrap_or_else(PoisonError::into_inner);
                if let Some(statement) = kept().get(sql) {
                    return Ok(statement.clone());
                }
                let statement = self.$field.prepare(sql).await.map_err(Error::db(label))?;
                let mut kept = kept();
                if kept.len() == MOST_PREPARED {
                    kept.clear();
                }
                kept.insert(sql.to_owned(), statement.clone());
                Ok(statement)
            }

            /// Runs statements without parameters, in one round trip.
            pub async fn batch(&self, label: &'static str, sql: &str) -> Result<()> {
                tracing::debug!(label, sql);
                let point = Point::reach(label, sql);
                self.$field.batch_execute(sql).await.map_err(Error::db(label))?;
                point.passed();
                Ok(())
            }
        }
    };
}

statements!(Session, client);
statements!(Tx<'_>, tx);
