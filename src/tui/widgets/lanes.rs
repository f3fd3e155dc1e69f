//! Workers, one lane each: `1 chunk 211  0.41 s  1,024 blocks`, `2 seals chat_messages_2024_q1  1.2 s`.

use chrono::{DateTime, Utc};
use ratatui::layout::Rect;

use crate::{
    engine::status::{ChunkStatus, Lane},
    model::figures::{count, seconds_between, span},
    tui::widgets::pen::{Pen, Piece},
};

/// Columns of a lane.
const LANE: u16 = 38;

/// Rows that `lanes` need in `columns`, at most `most`.
pub fn height(lanes: usize, columns: u16, most: u16) -> u16 {
    let per_row = usize::from((columns / LANE).max(1));
    u16::try_from(lanes.div_ceil(per_row)).unwrap_or(most).clamp(1, most.max(1))
}

/// Draws as many lanes as fit; the last place says how many are left out.
pub fn draw(pen: &mut Pen<'_>, area: Rect, lanes: &[Lane], chunks: &[ChunkStatus], now: DateTime<Utc>) {
    let per_row = (area.width / LANE).max(1);
    let places = usize::from(per_row) * usize::from(area.height);
    let shown = if lanes.len() > places { places.saturating_sub(1) } else { lanes.len() };
    let at = |place: usize| {
        let place = u16::try_from(place).unwrap_or(u16::MAX);
        (area.x + place % per_row * LANE, area.y + place / per_row)
    };
    for (place, lane) in lanes.iter().take(shown).enumerate() {
        let pieces = pieces(pen, lane, chunks, now);
        let (x, y) = at(place);
        pen.pieces((x, y), (LANE - 2).min(area.right().saturating_sub(x)), &pieces);
    }
    if shown < lanes.len() && places > 0 {
        let text = format!("and {} more", lanes.len() - shown);
        let style = pen.theme.dim;
        pen.text(at(shown), LANE - 2, &text, style);
    }
}

fn pieces(pen: &Pen<'_>, lane: &Lane, chunks: &[ChunkStatus], now: DateTime<Utc>) -> Vec<Piece> {
    let theme = pen.theme;
    let number = (format!("{} ", lane.worker), theme.accent);
    if let Some(waiting) = &lane.waiting {
        return vec![number, (format!("waits: {waiting}"), theme.warn)];
    }
    if let Some((leaf, since)) = &lane.leaf {
        let took = (span(seconds_between(*since, now)), theme.copying);
        return vec![number, (format!("seals {leaf}  "), theme.text), took];
    }
    let Some((chunk, since)) = lane.chunk else {
        return vec![number, ("idle".into(), theme.dim)];
    };
    let blocks = chunks.iter().find(|c| c.id == chunk).map(|c| c.blocks.1 - c.blocks.0);
    let blocks = blocks.map(|blocks| format!("  {} blocks", count(blocks))).unwrap_or_default();
    vec![
        number,
        (format!("chunk {chunk}  "), theme.text),
        (span(seconds_between(since, now)), theme.copying),
        (blocks, theme.dim),
    ]
}
