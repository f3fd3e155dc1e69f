//! Sessions that read one snapshot, and what is to be read in it.
//!
//! Locks come before the snapshot, which would otherwise outlive a rewrite and read an emptied heap
//! (TRAPS 60). A statement of a reader ends early, cancelled on the server, when the pass is stopped, when its
//! snapshot gets too old, or when another reader fails.

use std::time::Duration;

use futures_util::FutureExt;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_postgres::{CancelToken, Row};
use tokio_util::sync::CancellationToken;

use super::{Comparison, Limits, Progress, tiles::Heap};
use crate::{
    error::{Error, Result},
    model::{comparison::Sides, ident::QualifiedName, plan::Statement},
    pg::{Session, Target, Tx, session::Params},
};

/// How often a running statement is asked to end, and how long each time is waited for its end.
const CANCEL_TRIES: u32 = 50;
const CANCEL_WAIT: Duration = Duration::from_millis(200);

/// Why a reader stops early.
pub(super) struct Stop<'a> {
    table: String,
    limits: Limits,
    deadline: Instant,
    cancel: &'a CancellationToken,
    failed: CancellationToken,
}

impl<'a> Stop<'a> {
    pub(super) fn new(sides: &Sides<'_>, limits: Limits, progress: &'a Progress) -> Self {
        Self {
            table: sides.scheme.source().plain(),
            limits,
            deadline: Instant::now() + limits.snapshot_max,
            cancel: &progress.cancel,
            failed: CancellationToken::new(),
        }
    }

    /// Waits until there is a reason to stop.
    async fn reason(&self) -> Error {
        tokio::select! {
            biased;
            () = self.cancel.cancelled() => self.stopped("verification was stopped"),
            () = sleep_until(self.deadline) => Error::Busy {
                object: self.table.clone(),
                reason: format!("the verification's snapshot is older than {} s", self.limits.snapshot_max.as_secs()),
                remedy: "verify when the server is less busy, or with a higher limit; nothing was changed".into(),
            },
            () = self.failed.cancelled() => self.stopped("another reader of the verification failed"),
        }
    }

    fn stopped(&self, how: &str) -> Error {
        Error::Stopped { table: self.table.clone(), how: how.into() }
    }
}

/// One session in the shared snapshot.
pub(super) struct Reader<'a> {
    tx: Tx<'a>,
    token: CancelToken,
    target: Target,
    stop: &'a Stop<'a>,
}

impl Reader<'_> {
    /// Runs a query, unless there is a reason to stop.
    pub(super) async fn query(&self, label: &'static str, sql: &str, params: Params<'_>) -> Result<Vec<Row>> {
        if let Some(reason) = self.stop.reason().now_or_never() {
            return Err(reason);
        }
        let query = self.tx.query(label, sql, params);
        tokio::pin!(query);
        let reason = tokio::select! {
            done = &mut query => return done,
            reason = self.stop.reason() => reason,
        };
        for _ in 0..CANCEL_TRIES {
            if let Err(error) = self.target.cancel(&self.token).await {
                tracing::warn!(%error, label, "the statement could not be cancelled");
                break;
            }
            // A request that comes while the statement is being prepared cancels nothing.
            if timeout(CANCEL_WAIT, &mut query).await.is_ok() {
                break;
            }
        }
        Err(reason)
    }

    /// Gives the snapshot back. There is nothing to lose in it, so a failure is only noted.
    pub(super) async fn end(self) {
        if let Err(error) = self.tx.rollback().await {
            tracing::debug!(%error, "a reader's transaction was not rolled back");
        }
    }

    /// Makes the other readers stop too.
    pub(super) fn stop_others(&self) {
        self.stop.failed.cancel();
    }

    /// Lets joins go by index: for the few keys of listed rows.
    pub(super) async fn few_keys(&self) -> Result<()> {
        self.tx.batch("verify settings", "SET LOCAL enable_nestloop = on").await
    }
}

/// Puts `sessions` into one snapshot of the present moment, to compare the leaves `which`.
pub(super) async fn open<'a>(
    sessions: &'a mut [Session],
    (sides, which): (&Sides<'_>, &[usize]),
    stop: &'a Stop<'a>,
) -> Result<Vec<Reader<'a>>> {
    let mut readers: Vec<Reader<'a>> = Vec::new();
    let mut snapshot: Option<String> = None;
    for session in sessions {
        let (token, target) = (session.cancel_token(), session.target().clone());
        let tx = session.begin_snapshot().await?;
        tx.batch("lock for verify", &lock(sides, which)).await?;
        if let Some(id) = &snapshot {
            tx.batch("import snapshot", &format!("SET TRANSACTION SNAPSHOT '{id}'")).await?;
        } else {
            snapshot = Some(tx.query_one("export snapshot", EXPORT, &[]).await?.get(0));
        }
        tx.batch("verify settings", SETTINGS).await?;
        readers.push(Reader { tx, token, target, stop });
    }
    Ok(readers)
}

/// What there is to read.
pub(super) struct Survey {
    /// The heaps, the source's first, each with its blocks.
    pub(super) heaps: Vec<(Heap, i64)>,
    /// The log's blocks.
    pub(super) log_blocks: i64,
    /// Keys in the log.
    pub(super) in_log: i64,
    /// Rows in all heaps, the server's estimate.
    pub(super) rows: i64,
}

impl Survey {
    /// That the key of row `r` is not in the log, which need not be asked where the snapshot shows it empty.
    pub(super) fn not_logged(&self, sides: &Sides<'_>) -> String {
        if self.in_log == 0 { "true".into() } else { sides.not_logged("r") }
    }
}

/// Checks that the twin's partitions are the leaves, and measures.
pub(super) async fn survey(comparison: &Comparison<'_>) -> Result<Survey> {
    let (sides, reader) = (comparison.sides, &comparison.readers[0]);
    check_leaves(sides, reader).await?;
    let source = sides.scheme.heaps(&sides.source);
    let mut heaps: Vec<_> =
        source.iter().enumerate().map(|(part, name)| (Heap::Source(part), name.to_string())).collect();
    heaps.extend(comparison.which.iter().map(|leaf| (Heap::Leaf(*leaf), name_of(sides, *leaf).to_string())));
    let mut names: Vec<_> = heaps.iter().map(|(_, name)| name.clone()).collect();
    names.push(sides.scheme.log().to_string());
    let measured = reader.query("measure heaps", SIZES, &[&names]).await?;
    let blocks = |n: usize| measured[n].get::<_, i64>(0);
    let in_log = reader.query("count log", &count_log(sides), &[]).await?;
    Ok(Survey {
        log_blocks: blocks(heaps.len()),
        in_log: in_log[0].get(0),
        rows: (0..heaps.len()).map(|n| measured[n].get::<_, i64>(1)).sum(),
        heaps: heaps.iter().enumerate().map(|(n, (heap, _))| (*heap, blocks(n))).collect(),
    })
}

/// What `plan --sql` shows.
pub(super) fn statements(sides: &Sides<'_>) -> Vec<Statement> {
    let statement = |label: &str, sql: String| Statement { label: label.into(), sql };
    vec![
        statement(
            "lock for verify",
            format!("-- once a reader, with all leaves to be compared\n{}", lock(sides, &[0])),
        ),
        statement("export snapshot", EXPORT.into()),
        statement("import snapshot", "-- the other readers\nSET TRANSACTION SNAPSHOT ':snapshot'".into()),
        statement("verify settings", SETTINGS.into()),
        statement("list leaves", LEAVES.replace("$1", "':twin'")),
        statement("measure heaps", SIZES.replace("$1", "':heaps'")),
        statement("count log", count_log(sides)),
    ]
}

/// A leaf's name.
pub(super) fn name_of(sides: &Sides<'_>, leaf: usize) -> QualifiedName {
    sides.scheme.leaf(&sides.leaves[leaf])
}

const EXPORT: &str = "SELECT pg_export_snapshot()";

// Who holds the snapshot waits for those who read. The log is probed by hash, whatever its size and whatever the planner believes of it; parallelism is ours.
const SETTINGS: &str = "SET LOCAL enable_nestloop = off; SET LOCAL enable_mergejoin = off; \
                        SET LOCAL max_parallel_workers_per_gather = 0; SET LOCAL jit = off; \
                        SET LOCAL work_mem = '32MB'; SET LOCAL idle_in_transaction_session_timeout = 0";

const SIZES: &str = "SELECT pg_relation_size(c.oid) / current_setting('block_size')::bigint, \
                     greatest(c.reltuples, 0)::bigint FROM unnest($1::text[]) WITH ORDINALITY AS heap(name, n) \
                     JOIN pg_class c ON c.oid = heap.name::regclass ORDER BY heap.n";

const LEAVES: &str = "SELECT n.nspname::text, c.relname::text FROM pg_inherits i \
                      JOIN pg_class c ON c.oid = i.inhrelid JOIN pg_namespace n ON n.oid = c.relnamespace \
                      WHERE i.inhparent = $1::text::regclass AND NOT i.inhdetachpending";

/// Only what is read: meanwhile other leaves are sealed, and the twin gets new ones.
fn lock(sides: &Sides<'_>, which: &[usize]) -> String {
    let mut names = vec![sides.source.to_string(), sides.scheme.log().to_string()];
    names.extend(which.iter().map(|leaf| name_of(sides, *leaf).to_string()));
    format!("LOCK TABLE {} IN ACCESS SHARE MODE", names.join(", "))
}

fn count_log(sides: &Sides<'_>) -> String {
    let key = sides.scheme.log_key().join(", ");
    format!("SELECT count(*) FROM (SELECT DISTINCT {key} FROM {}) AS keys", sides.scheme.log())
}

/// Rows in a partition that is no leaf of ours would go unseen, and those of a detached leaf are not the twin's.
async fn check_leaves(sides: &Sides<'_>, reader: &Reader<'_>) -> Result<()> {
    let rows = reader.query("list leaves", LEAVES, &[&sides.twin.to_string()]).await?;
    let found: Vec<_> =
        rows.iter().map(|r| QualifiedName::new(r.get::<_, &str>(0), r.get::<_, &str>(1))).collect();
    let ours: Vec<_> = sides.leaves.iter().map(|leaf| sides.scheme.leaf(leaf)).collect();
    let changed = |what| Err(Error::Changed { table: sides.twin.plain(), what });
    if let Some(strange) = found.iter().find(|name| !ours.contains(name)) {
        return changed(format!("partition {} is not one of the migration's", strange.plain()));
    }
    match ours.iter().find(|name| !found.contains(name)) {
        Some(missing) => changed(format!("{} is no longer a partition of it", missing.plain())),
        None => Ok(()),
    }
}
