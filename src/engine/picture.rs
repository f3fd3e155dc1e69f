//! Composes a [`Status`] out of board, standing and live figures. Pure: owner and watcher share it.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::{
    engine::{
        board::Board,
        context::Standing,
        live::{Broadcast, Live},
        status::{
            ChunkState, ChunkStatus, Migration, Owner, Pace, PeriodStatus, Rows, Signal, SignalState, Status,
            Verification,
        },
    },
    model::{
        diff::Diff,
        phase::{LeafState, Phase, State},
        scheme::Scheme,
        strategy::Strategy,
    },
    pg::journal::read::LeafRow,
};

/// What a picture is composed of.
#[derive(Debug)]
pub struct Parts<'a> {
    /// When.
    pub now: DateTime<Utc>,
    /// What is being built.
    pub scheme: &'a Scheme,
    /// The journal's row.
    pub standing: &'a Standing,
    /// Leaves and chunks.
    pub board: &'a Board,
    /// The owner.
    pub owner: Option<Owner>,
    /// Its live figures, as other processes see them too.
    pub live: &'a Broadcast,
    /// Log figures.
    pub log: Rows,
    /// Differing rows.
    pub diffs: Arc<Vec<Diff>>,
    /// Keys that block `reverse`.
    pub duplicate_keys: Vec<String>,
    /// Heap and index bytes by leaf.
    pub sizes: &'a std::collections::BTreeMap<String, (i64, i64)>,
}

/// The picture.
pub fn compose(parts: Parts<'_>) -> Status {
    let Parts { now, scheme, standing, board, owner, live, log, diffs, duplicate_keys, sizes } = parts;
    let (counted, copied) = board.rows();
    let uncounted =
        matches!(standing.phase, Phase::Planned | Phase::Capturing | Phase::Census | Phase::Renaming);
    let counts = scheme.strategy != Strategy::Adopt;
    let exact = counts && !uncounted && (standing.phase != Phase::Filling || board.is_counted());
    let rows = Rows {
        source: if exact { counted } else { scheme.table.facts.rows_estimate },
        exact,
        copied,
        replayed: live.replayed,
        log_trend: live.log_trend,
        ..log
    };
    Status {
        at: now,
        migration: Migration {
            id: scheme.id,
            table: scheme.source().clone(),
            strategy: scheme.strategy.word().into(),
            phase: standing.phase,
            state: state(standing, owner.as_ref()),
            key: scheme.twin_key_text(),
            by: scheme.by.as_str().to_owned(),
            every: scheme.every,
            zone: scheme.zone,
            waiting: standing.paused.clone().or_else(|| live.waiting.clone()),
            pausing: live.pausing,
            swapped_at: standing.swapped_at,
        },
        owner,
        rows,
        periods: periods(scheme, board, sizes),
        chunks: Arc::new(chunks(board, live)),
        lanes: live.lanes.clone(),
        throttle: live.throttle.clone(),
        pace: live.pace.clone(),
        verification: Verification {
            verified_at: standing.verified_at,
            running: live.verifying,
            snapshot_s: None,
            diffs,
            duplicate_keys,
        },
        readiness: live.readiness.clone(),
        last_error: standing.last_error.clone(),
    }
}

/// What other processes may see of the owner's figures.
pub fn broadcast(live: &Live, board: &Board, paused: Option<&str>) -> Broadcast {
    let (counted, copied) = board.rows();
    let (active_s, paused_s, slowed_s) = live.pace.spent_s();
    let throttle =
        paused.map(|why| Signal { signal: "operator".into(), state: SignalState::Stop, detail: why.into() });
    Broadcast {
        lanes: live.lanes.clone(),
        pace: Pace {
            rows_per_s: live.pace.rows_per_s(),
            history: live.pace.history(),
            eta_s: if counted > copied { live.pace.eta_s(counted - copied) } else { None },
            active_s,
            paused_s,
            slowed_s,
            workers: live.workers,
        },
        throttle: throttle.into_iter().chain(live.governor.signals.iter().cloned()).collect(),
        replayed: live.rows.replayed,
        log_trend: live.rows.log_trend,
        verifying: live.verifying.as_ref().map(|progress| progress.rows()),
        waiting: live.waiting.clone(),
        pausing: paused.is_some() && !board.in_hand.is_empty(),
        in_hand: board.in_hand.iter().map(|(id, hand)| (*id, hand.since)).collect(),
        readiness: live.readiness.clone(),
    }
}

fn state(standing: &Standing, owner: Option<&Owner>) -> State {
    if standing.unknown.is_some() {
        State::Unknown
    } else if standing.phase.is_over() {
        State::Stopped
    } else if standing.paused.is_some() {
        State::Paused
    } else if standing.last_error.is_some() {
        State::Failed
    } else if owner.is_some_and(|owner| owner.alive) {
        State::Running
    } else {
        State::Stopped
    }
}

fn periods(
    scheme: &Scheme,
    board: &Board,
    sizes: &std::collections::BTreeMap<String, (i64, i64)>,
) -> Vec<PeriodStatus> {
    let copied = board.copied_by_leaf();
    let one = |(row, copied): (&LeafRow, &i64)| {
        let (source_rows, target_rows) = rows_of(row, *copied);
        PeriodStatus {
            title: title(scheme, row),
            leaf: row.leaf.name.as_str().to_owned(),
            period: row.leaf.period,
            state: row.state,
            source_rows,
            target_rows,
            diffs: row.diffs,
            verified_at: row.verified_at,
            bytes: sizes.get(row.leaf.name.as_str()).copied().unwrap_or_default(),
            priority: row.priority,
        }
    };
    board.leaves.iter().zip(&copied).map(one).collect()
}

fn title(scheme: &Scheme, row: &LeafRow) -> String {
    match row.leaf.period {
        Some(_) if scheme.is_history(&row.leaf) => "history".into(),
        Some(period) => scheme.calendar().title(period),
        None => "DEFAULT".into(),
    }
}

/// Both sides as the last verification found them, in one snapshot; before one, what was counted and what was copied.
fn rows_of(row: &LeafRow, copied: i64) -> (i64, i64) {
    match row.state {
        LeafState::Verified | LeafState::Differs => row.found.unwrap_or((row.counted, copied)),
        LeafState::Pending | LeafState::Copying | LeafState::Copied | LeafState::Sealed => {
            (row.counted, copied)
        }
    }
}

fn chunks(board: &Board, live: &Broadcast) -> Vec<ChunkStatus> {
    let in_hand: std::collections::BTreeSet<_> = live.in_hand.iter().map(|(id, _)| *id).collect();
    let one = |row: &crate::pg::journal::read::ChunkRow| ChunkStatus {
        id: row.id,
        blocks: crate::model::chunk::blocks_of((row.first_block, row.end_block)),
        rows: row
            .counts
            .iter()
            .flatten()
            .filter_map(|(lower, rows)| Some((board.leaf_at(*lower)?, *rows)))
            .collect(),
        state: if row.done && row.attempts > 1 {
            ChunkState::Retried
        } else if row.done {
            ChunkState::Copied
        } else if in_hand.contains(&row.id) {
            ChunkState::Copying
        } else if board.failed.contains_key(&row.id) {
            ChunkState::Failed
        } else {
            ChunkState::Pending
        },
        attempts: row.attempts,
        took_ms: row.took_ms,
    };
    board.chunks.iter().map(one).collect()
}
