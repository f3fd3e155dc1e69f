//! The rows below the heat map: workers, the log's backlog, the chosen chunk; and the heat map's legend.

use ratatui::layout::Rect;

use crate::{
    engine::status::{ChunkState, Lane, Status},
    model::figures,
    tui::{
        app::model::Model,
        widgets::{
            heatmap, lanes,
            pen::{Pen, Piece, columns_of},
        },
    },
};

/// `· pending ▒ copying █ copied ▓ retried X failed` at the right of a divider.
pub(super) fn legend(pen: &mut Pen<'_>, area: Rect, y: u16) {
    const STATES: [ChunkState; 5] = [
        ChunkState::Pending,
        ChunkState::Copying,
        ChunkState::Copied,
        ChunkState::Retried,
        ChunkState::Failed,
    ];
    let theme = *pen.theme;
    let mut pieces: Vec<Piece> = Vec::new();
    for state in STATES {
        let (sign, style) = heatmap::look(heatmap::Cell::All(state), &theme, theme.copied);
        pieces.push((sign.into(), style));
        pieces.push((format!(" {} ", state.word()), theme.dim));
    }
    if columns_of(&pieces) + 16 <= area.width {
        pen.corner(area, y, &pieces);
    }
}

pub(super) fn workers(pen: &mut Pen<'_>, area: Rect, status: &Status, model: &Model) {
    let area = Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area };
    let lanes: &[Lane] = &status.lanes;
    if lanes.is_empty() && status.migration.phase.is_over() {
        return;
    }
    if lanes.is_empty() {
        let owner = status.owner.as_ref().filter(|owner| owner.alive);
        let text = match owner {
            Some(owner) if !owner.ours => format!("run by {} pid {}", owner.host, owner.pid),
            Some(_) | None => "no worker is copying".into(),
        };
        let style = pen.theme.dim;
        pen.text((area.x, area.y), area.width, &text, style);
        return;
    }
    lanes::draw(pen, area, lanes, &status.chunks, model.now);
}

/// `log 318 (+12/s)  oldest 0.8 s`.
pub(super) fn backlog(pen: &Pen<'_>, status: &Status) -> Vec<Piece> {
    let (theme, rows) = (pen.theme, &status.rows);
    if status.migration.phase.is_over() {
        return Vec::new();
    }
    let mut pieces = vec![("log ".into(), theme.dim), (figures::count(rows.log_pending), theme.text)];
    if let Some(trend) = rows.log_trend {
        let style = if trend > 0.5 { theme.warn } else { theme.dim };
        let sign = if trend > 0.5 { "+" } else { "" };
        pieces.push((format!(" ({sign}{}/s)", figures::short(trend)), style));
    }
    if let Some(oldest) = rows.log_oldest_s {
        pieces.push((format!("  oldest {}", figures::span(oldest)), theme.dim));
    }
    pieces
}

/// The selected chunk in words.
pub(super) fn chunk_line(pen: &Pen<'_>, model: &Model, status: &Status) -> Option<Vec<Piece>> {
    let chosen = model.cursors.chunk?;
    let chunk = status.chunks.iter().find(|chunk| chunk.id == chosen)?;
    let theme = pen.theme;
    let rows: i64 = chunk.rows.iter().map(|(_, rows)| rows).sum();
    let (sign, style) = heatmap::look(heatmap::Cell::All(chunk.state), theme, theme.copied);
    let attempts = if chunk.attempts > 1 { format!(", attempt {}", chunk.attempts) } else { String::new() };
    let took = chunk.took_ms.map(|ms| format!(", {}", figures::span(figures::float(ms) / 1_000.0)));
    let blocks = format!("{}–{}", figures::count(chunk.blocks.0), figures::count(chunk.blocks.1 - 1));
    Some(vec![
        (format!("{sign} "), style),
        (format!("chunk {}", chunk.id), theme.strong),
        (format!(": blocks {blocks}, {} rows, ", figures::count(rows)), theme.text),
        (chunk.state.word().into(), theme.text),
        (format!("{attempts}{}", took.unwrap_or_default()), theme.dim),
    ])
}
