//! Whether chunks, periods and workers of the copying can be told what to do.

use super::{Blocked, Verdict, moot};
use crate::{
    engine::status::{ChunkState, Status},
    model::{chunk::ChunkId, phase::Phase},
    tui::app::model::Model,
};

pub(super) fn chunk(model: &Model, status: &Status, wanted: ChunkState) -> Result<ChunkId, Blocked> {
    let selected = model.cursors.chunk.and_then(|id| status.chunks.iter().find(|chunk| chunk.id == id));
    let word = wanted.word();
    match selected {
        Some(chunk) if chunk.state == wanted => Ok(chunk.id),
        Some(chunk) => moot(format!("chunk {} is {}, not {word}", chunk.id, chunk.state.word())),
        None => moot(format!("select a chunk that is {word}: n")),
    }
}

pub(super) fn reorder(model: &Model, status: &Status) -> Result<String, Blocked> {
    if !matches!(status.migration.phase, Phase::Copying | Phase::Filling) {
        return moot("nothing is being copied");
    }
    match model.selected_period() {
        Some((_, period)) if period.state.is_sealed() => moot("it is copied already"),
        Some((_, period)) if period.period.is_none() => moot("DEFAULT holds no rows to copy"),
        Some((_, period)) => Ok(period.leaf.clone()),
        None => moot("no period is selected"),
    }
}

pub(super) fn workers(status: &Status, limit: u16) -> Verdict {
    if !matches!(status.migration.phase, Phase::Copying | Phase::Filling) {
        moot("nothing is being copied")
    } else if status.pace.workers == limit {
        moot(format!("{limit} is the limit"))
    } else {
        Ok(())
    }
}
