//! What stands below the heat map once the names are exchanged: since when, the way back, and what comes next.
//!
//! ```text
//! ├─ the names are exchanged ──────────────────────────────────────────────────────────────────────┤
//! │ ✓ swapped 3h12m ago; chat_messages_old is kept in step, every row compared 2m04s ago            │
//! │ the way back: u gives the old table its name again, with every write since                     │
//! │ reverse window 3d00h: 2d20h left; F ends it, and with it the way back                  │
//! ```

use ratatui::layout::Rect;

use crate::{
    engine::status::Status,
    model::{
        figures::{ago, seconds_between, span},
        phase::Phase,
    },
    tui::{
        app::model::Model,
        glyphs,
        harmless::width,
        widgets::pen::{Pen, Piece},
    },
};

/// The divider's title, and what is said; nothing before the exchange.
pub(super) fn lines(pen: &Pen<'_>, model: &Model, status: &Status) -> Option<(&'static str, Vec<Piece>)> {
    match status.migration.phase {
        Phase::ReverseWindow => Some(("the names are exchanged", window(pen, model, status))),
        Phase::Finished => Some(("done", finished(pen, model, status))),
        Phase::Planned
        | Phase::Capturing
        | Phase::Census
        | Phase::Copying
        | Phase::Replaying
        | Phase::Verifying
        | Phase::Ready
        | Phase::Swapping
        | Phase::Reversing
        | Phase::Reversed
        | Phase::Aborting
        | Phase::Aborted
        | Phase::Renaming
        | Phase::Filling
        | Phase::Widening
        | Phase::Adopting
        | Phase::Adopted
        | Phase::Releasing => None,
    }
}

fn swapped(model: &Model, status: &Status) -> String {
    let at = status.migration.swapped_at;
    at.map_or_else(|| "swapped".into(), |at| format!("swapped {}", ago(at, model.now)))
}

fn window(pen: &Pen<'_>, model: &Model, status: &Status) -> Vec<Piece> {
    let theme = pen.theme;
    let old = status.migration.table.name.with_suffix("_old");
    let compared = match status.verification.verified_at {
        Some(at) => format!("every row compared {}", ago(at, model.now)),
        None => "v compares every row".into(),
    };
    let kept =
        format!("{} {}; {} is kept in step, {compared}", glyphs::HOLDS, swapped(model, status), old.as_str());
    let mut lines = vec![
        (kept, if status.verification.verified_at.is_some() { theme.verified } else { theme.text }),
        ("the way back: u gives the old table its name again, with every write since".into(), theme.text),
    ];
    let left = model.place.reverse_window.zip(status.migration.swapped_at).map(|(window, at)| {
        let whole = span(f64::from(i32::try_from(window.num_seconds()).unwrap_or(i32::MAX)));
        (whole, seconds_between(model.now, at + window))
    });
    lines.push(match left {
        // That it is over stands above, as a warning.
        Some((whole, left)) if left > 0.0 => {
            let left = span(left.floor());
            let text = format!("reverse window {whole}: {left} left; F ends it, and with it the way back");
            (text, theme.text)
        }
        Some(_) | None => {
            ("F finishes: the old table is kept or dropped, and there is no way back".into(), theme.text)
        }
    });
    lines
}

fn finished(pen: &Pen<'_>, model: &Model, status: &Status) -> Vec<Piece> {
    let theme = pen.theme;
    let table = &status.migration.table;
    vec![
        (
            format!("{} {} is partitioned; {}", glyphs::HOLDS, table.plain(), swapped(model, status)),
            theme.strong,
        ),
        ("the old table is in step no longer; where it was kept it is yours to drop".into(), theme.text),
        ("5 shows its health; `quarterdeck maintain` from cron keeps partitions ahead".into(), theme.text),
    ]
}

/// Whether the first line leaves so many of the columns free.
pub(super) fn leaves(lines: &[Piece], columns: u16, free: u16) -> bool {
    let used = lines.first().map_or(0, |(text, _)| width(text));
    used + usize::from(free) < usize::from(columns)
}

/// Draws the lines.
pub(super) fn draw(pen: &mut Pen<'_>, area: Rect, lines: &[Piece]) {
    for (y, (text, style)) in (area.y..area.bottom()).zip(lines) {
        pen.text((area.x + 1, y), area.width.saturating_sub(2), text, *style);
    }
}
