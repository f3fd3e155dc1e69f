//! One row of the heat map: a period's rows in heap order, folded into the width at hand.
//!
//! Each cell stands for an equal share of the period's *rows*, so the filled part of the row is the copied
//! part of the period. The state that asks for most attention wins the cell; a cell that is copied in part
//! is filled in part, from below: `████▓███▒▒▅···X··`.

use ratatui::style::Style;

use crate::{
    engine::status::{ChunkState, ChunkStatus},
    model::figures::float,
    tui::{glyphs, theme::Theme, widgets::pen::Pen},
};

/// One cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cell {
    /// All its rows share a state; `Copied` and `Retried` mean all are copied.
    All(ChunkState),
    /// Copied in part, in eighths, 1 to 7, the rest pending.
    Part(u8),
}

/// What falls into a cell.
#[derive(Clone, Copy, Debug, Default)]
struct Mix {
    failed: bool,
    copying: bool,
    retried: bool,
    rows: f64,
    copied: f64,
}

impl Mix {
    fn add(&mut self, state: ChunkState, rows: f64) {
        self.rows += rows;
        match state {
            ChunkState::Pending => {}
            ChunkState::Copying => self.copying = true,
            ChunkState::Failed => self.failed = true,
            ChunkState::Copied => self.copied += rows,
            ChunkState::Retried => {
                self.retried = true;
                self.copied += rows;
            }
        }
    }

    fn cell(self) -> Cell {
        if self.failed {
            return Cell::All(ChunkState::Failed);
        }
        if self.copying {
            return Cell::All(ChunkState::Copying);
        }
        let share = if self.rows > 0.0 { self.copied / self.rows } else { 0.0 };
        // Rounding must neither fill a cell too early nor hide its first rows.
        if share > 0.999_999 {
            Cell::All(if self.retried { ChunkState::Retried } else { ChunkState::Copied })
        } else if share > 0.0 {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 8")]
            Cell::Part(((share * 8.0) as u8).clamp(1, 7))
        } else {
            Cell::All(ChunkState::Pending)
        }
    }
}

/// Folds the chunks that hold rows of a period into `columns` cells; empty where the period has no rows.
pub fn fold(chunks: &[ChunkStatus], period: usize, columns: u16) -> Vec<Cell> {
    let total: i64 = parts(chunks, period).map(|(_, rows)| rows).sum();
    if total == 0 || columns == 0 {
        return Vec::new();
    }
    let mut mixes = vec![Mix::default(); usize::from(columns)];
    let scale = f64::from(columns) / float(total);
    let mut done = 0;
    for (chunk, rows) in parts(chunks, period) {
        let (from, to) = (float(done) * scale, float(done + rows) * scale);
        done += rows;
        for (at, mix) in mixes.iter_mut().enumerate().skip(index(from)).take(index(to) - index(from) + 1) {
            let cell = float(i64::try_from(at).unwrap_or(0));
            let overlap = to.min(cell + 1.0) - from.max(cell);
            if overlap > 1e-9 {
                mix.add(chunk.state, overlap);
            }
        }
    }
    mixes.into_iter().map(Mix::cell).collect()
}

/// The columns that a chunk covers in a period's row of `columns`.
pub fn span_of(chunks: &[ChunkStatus], period: usize, columns: u16, wanted: i32) -> Option<(u16, u16)> {
    let total: i64 = parts(chunks, period).map(|(_, rows)| rows).sum();
    let scale = f64::from(columns) / float(total.max(1));
    let mut done = 0;
    for (chunk, rows) in parts(chunks, period) {
        if chunk.id == wanted {
            let last = usize::from(columns.saturating_sub(1));
            let to = (float(done + rows) * scale - 1e-9).max(0.0);
            let (from, to) = (index(float(done) * scale).min(last), index(to).min(last));
            return Some((u16::try_from(from).ok()?, u16::try_from(to).ok()?));
        }
        done += rows;
    }
    None
}

fn parts(chunks: &[ChunkStatus], period: usize) -> impl Iterator<Item = (&ChunkStatus, i64)> {
    chunks.iter().filter_map(move |chunk| {
        let rows = chunk.rows.iter().find(|(index, _)| *index == period)?.1;
        (rows > 0).then_some((chunk, rows))
    })
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a column, not negative")]
fn index(at: f64) -> usize {
    at as usize
}

/// The sign and style of a cell. `done` is the style of copied cells: verified rows are drawn as verified.
pub fn look(cell: Cell, theme: &Theme, done: Style) -> (&'static str, Style) {
    match cell {
        Cell::Part(eighths) => (glyphs::HEIGHTS[usize::from(eighths.clamp(1, 8)) - 1], theme.copied),
        Cell::All(state) => {
            let style = match state {
                ChunkState::Pending => theme.dim,
                ChunkState::Copying => theme.copying,
                ChunkState::Copied => done,
                // Once verified, how often it took no longer matters; the sign still tells.
                ChunkState::Retried if done == theme.verified => done,
                ChunkState::Retried => theme.warn,
                ChunkState::Failed => theme.danger,
            };
            (glyphs::chunk(state), style)
        }
    }
}

/// Draws a row of cells.
pub fn draw(pen: &mut Pen<'_>, (x, y): (u16, u16), cells: &[Cell], done: Style) {
    for (column, cell) in (x..).zip(cells) {
        let (sign, style) = look(*cell, pen.theme, done);
        pen.sign((column, y), sign, style);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn chunk(id: i32, state: ChunkState, rows: i64) -> ChunkStatus {
        let blocks = (i64::from(id) * 64, i64::from(id + 1) * 64);
        ChunkStatus { id, blocks, rows: [(0, rows)].into(), state, attempts: 1, took_ms: None }
    }

    fn picture(chunks: &[ChunkStatus], columns: u16) -> String {
        let theme = crate::tui::theme::Theme::new(
            crate::tui::theme::Palette::Mono,
            crate::tui::theme::Depth::Sixteen,
            glyphs::Glyphs::Unicode,
        );
        fold(chunks, 0, columns).iter().map(|cell| look(*cell, &theme, theme.copied).0).collect()
    }

    #[test]
    fn what_asks_for_attention_wins_and_parts_are_shown() {
        use ChunkState as S;
        let chunks =
            [S::Copied, S::Retried, S::Copying, S::Failed, S::Copied, S::Pending, S::Pending, S::Pending];
        let chunks: Vec<_> = (0..).zip(chunks).map(|(id, state)| chunk(id, state, 100)).collect();
        assert_eq!(picture(&chunks, 8), "█▓▒X█···");
        assert_eq!(picture(&chunks, 4), "▓X▄·");
        assert_eq!(picture(&chunks, 16), "██▓▓▒▒XX██······");
        assert_eq!(picture(&chunks, 1), "X");
        assert_eq!(picture(&[], 8), "");
    }

    #[test]
    fn cells_are_shares_of_rows_not_of_chunks() {
        let chunks = [chunk(0, ChunkState::Copied, 900), chunk(1, ChunkState::Pending, 100)];
        assert_eq!(picture(&chunks, 10), "█████████·");
        assert_eq!(span_of(&chunks, 0, 10, 1), Some((9, 9)));
        assert_eq!(span_of(&chunks, 0, 10, 0), Some((0, 8)));
        assert_eq!(span_of(&chunks, 0, 10, 7), None);
    }

    proptest! {
        #[test]
        fn every_chunk_is_somewhere_and_nothing_done_is_shown_undone(
            states in proptest::collection::vec((0_usize..5, 1_i64..50_000), 1..60),
            columns in 1_u16..300,
        ) {
            use ChunkState as S;
            const ALL: [ChunkState; 5] = [S::Pending, S::Copying, S::Copied, S::Retried, S::Failed];
            let chunks: Vec<_> = (0..).zip(&states).map(|(id, (s, rows))| chunk(id, ALL[*s], *rows)).collect();
            let cells = fold(&chunks, 0, columns);
            prop_assert_eq!(cells.len(), usize::from(columns));
            let any = |state| chunks.iter().any(|c| c.state == state);
            prop_assert_eq!(cells.contains(&Cell::All(S::Failed)), any(S::Failed));
            let all_done = chunks.iter().all(|c| matches!(c.state, S::Copied | S::Retried));
            let drawn_done = cells.iter().all(|c| matches!(c, Cell::All(S::Copied | S::Retried)));
            prop_assert_eq!(drawn_done, all_done);
            for chunk in &chunks {
                let (from, to) = span_of(&chunks, 0, columns, chunk.id).unwrap();
                prop_assert!(from <= to && to < columns);
            }
        }
    }
}
