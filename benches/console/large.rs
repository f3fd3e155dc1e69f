//! A migration of a big table: thirty leaves, and as many chunks as asked for, half of them copied.

use std::sync::Arc;

use quarterdeck::{
    engine::{
        board::Board,
        status::{ChunkState, ChunkStatus, PeriodStatus, Status},
    },
    model::{calendar::Calendar, chunk::ChunkId, ident::Ident, period::Every, scheme::Leaf},
    pg::journal::read::{ChunkRow, LeafRow},
    tui::app::model::{Model, Screen},
};

use super::fixture::{self, Scene, chunks, scene};

/// With DEFAULT.
const LEAVES: usize = 30;
const ROWS: i64 = 40_000;

/// A console on a screen, with the big migration.
pub(crate) fn model(screen: Screen, size: (u16, u16), chunks: usize) -> Model {
    let mut model = fixture::model(Scene::Copying, screen, size);
    model.job.status = Some(Arc::new(status(chunks)));
    model
}

/// Its picture.
pub(crate) fn status(chunks: usize) -> Status {
    let mut status = scene::status(Scene::Copying);
    status.chunks = Arc::new((0..chunks).map(|at| chunk(at, chunks)).collect());
    status.periods = periods(&status);
    let rows = |period: usize| -> i64 {
        let parts = status.chunks.iter().flat_map(|chunk| chunk.rows.iter());
        parts.filter(|(at, _)| *at == period).map(|(_, rows)| rows).sum()
    };
    let counted: Vec<i64> = (0..LEAVES).map(rows).collect();
    status.rows.source = counted.iter().sum();
    for (period, rows) in status.periods.iter_mut().zip(counted) {
        period.source_rows = rows;
    }
    for (lane, chunk) in status.lanes.iter_mut().zip(first_in_hand(chunks)..) {
        lane.chunk = lane.chunk.map(|(_, since)| (chunk, since));
    }
    scene::refresh(&mut status);
    status
}

/// The journal's rows behind a picture.
pub(crate) fn board(status: &Status) -> Board {
    let leaf = |period: &PeriodStatus| LeafRow {
        leaf: Leaf { name: Ident::new(&period.leaf), period: period.period },
        state: period.state,
        counted: period.source_rows,
        found: None,
        priority: 0,
        diffs: None,
        verified_at: None,
    };
    let lower = |(at, rows): &(usize, i64)| Some((status.periods[*at].period?.lower, *rows));
    let chunk = |chunk: &ChunkStatus| {
        let counts: Vec<_> = chunk.rows.iter().filter_map(lower).collect();
        let done = matches!(chunk.state, ChunkState::Copied | ChunkState::Retried);
        ChunkRow {
            id: chunk.id,
            first_block: chunk.blocks.0,
            end_block: chunk.blocks.1,
            copied: if done { counts.iter().map(|(_, rows)| *rows).collect() } else { vec![] },
            counts: Some(counts),
            done,
            attempts: chunk.attempts,
            took_ms: chunk.took_ms,
        }
    };
    Board::new(status.periods.iter().map(leaf).collect(), status.chunks.iter().map(chunk).collect())
}

/// The two workers' chunks, behind the half that waits.
fn first_in_hand(chunks: usize) -> ChunkId {
    ChunkId::try_from(chunks / 2).expect("few")
}

/// In order of time, but for some rows that were written late; the newer half is copied.
fn chunk(at: usize, of: usize) -> ChunkStatus {
    let id = ChunkId::try_from(at).expect("few");
    let in_hand = first_in_hand(of)..first_in_hand(of) + 2;
    let period = at * (LEAVES - 1) / of;
    let late = (at % 7 == 3 && period > 0).then(|| (period - 1, 200));
    let mut chunk = ChunkStatus {
        id,
        blocks: (i64::from(id) * chunks::BLOCKS, i64::from(id + 1) * chunks::BLOCKS),
        rows: late.into_iter().chain([(period, ROWS)]).collect(),
        state: if in_hand.contains(&id) { ChunkState::Copying } else { ChunkState::Pending },
        attempts: i32::from(in_hand.contains(&id)),
        took_ms: None,
    };
    if id >= in_hand.end {
        chunks::finish(&mut chunk);
    }
    chunk
}

/// Consecutive quarters, then DEFAULT.
fn periods(status: &Status) -> Vec<PeriodStatus> {
    let (first, default) = (&status.periods[0], &status.periods[status.periods.len() - 1]);
    let quarters = std::iter::successors(first.period, |period| Every::Quarter.next(*period));
    let named = quarters.take(LEAVES - 1).map(|period| PeriodStatus {
        title: Calendar::from(Every::Quarter).title(period),
        leaf: format!(
            "chat_messages_{}",
            Calendar::from(Every::Quarter).title(period).to_lowercase().replace(' ', "_")
        ),
        period: Some(period),
        ..first.clone()
    });
    named.chain([default.clone()]).collect()
}
