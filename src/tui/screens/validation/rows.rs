//! The differing rows of one period, and the columns of the selected one.
//!
//! ```text
//! ├─ what ──────── key, in chat_messages_2024_q2 ─────────────────────────────────────────────────────┤
//! │▸changed     id=1b9d…, created_at=2024-05-02 10:11:12+00                                           │
//! ├─ column ────── source ──────────────────────────── twin ──────────────────────────────────────────┤
//! │ body        hello                               hallo                                             │
//! ```

use ratatui::{
    layout::Rect,
    style::{Modifier, Style},
};

use crate::{
    model::diff::{Diff, DiffKind, PLACE, alike},
    tui::{
        app::{list::first_shown, model::Model},
        harmless::{harmless, keep_end, whole_letters},
        theme::Theme,
        widgets::{
            grid::{Column, Grid, scrollbar},
            pen::{Pen, Piece},
        },
    },
};

const LIST: [Column; 2] = [Column::words("what", 10, 0), Column::filling("key", 30)];
/// The most rows for the columns of a differing row.
const MOST_COLUMNS: u16 = 12;

/// Draws the list and the selected row's columns.
pub(super) fn draw(pen: &mut Pen<'_>, area: Rect, model: &Model, leaf: &str) {
    let diffs = model.shown_diffs();
    let selected = model.cursors.diffs.at(diffs.len());
    let chosen = selected.map(|at| diffs[at]);
    let wanted =
        chosen.map_or(0, |diff| u16::try_from(diff.columns.len().max(1)).unwrap_or(MOST_COLUMNS) + 1);
    let below = wanted.min(MOST_COLUMNS + 1).min(area.height / 2);
    // The columns follow the list at once where it is short.
    let rows = u16::try_from(diffs.len()).unwrap_or(u16::MAX).saturating_add(2);
    let list = Rect { height: (area.height - below).min(rows), ..area };
    let grid = Grid::new(list, &LIST);
    grid.head(pen, list.y);
    let name = [(leaf.to_owned(), pen.theme.dim)];
    pen.corner(list, list.y, &name);
    let body = Rect { y: list.y + 1, height: list.height.saturating_sub(1), ..list };
    let Some(selected) = selected else {
        return super::super::empty(pen, body, "its differing rows are not among those kept for reading");
    };
    let first = first_shown(selected, diffs.len(), usize::from(body.height));
    for (y, (at, diff)) in (body.y..body.bottom()).zip(diffs.iter().enumerate().skip(first)) {
        grid.cell(pen, ("what", y), diff.kind.word(), style_of(diff.kind, pen.theme));
        grid.cell(pen, ("key", y), &diff.key, pen.theme.text);
        if at == selected {
            grid.select(pen, y);
        }
    }
    scrollbar(pen, body, first, diffs.len());
    if let Some(diff) = chosen {
        columns(pen, Rect { y: list.bottom(), height: below, ..area }, diff);
    }
}

/// A value with what differs from the other one marked, and moved into sight where it begins far behind.
fn marked(theme: &Theme, value: Option<&str>, other: Option<&str>, columns: u16) -> Vec<Piece> {
    let Some(value) = value else { return vec![("NULL".into(), theme.dim)] };
    if value.is_empty() {
        return vec![("''".into(), theme.text)];
    }
    let Some(other) = other else { return vec![(value.to_owned(), theme.text)] };
    let (begin, end) = alike(value, other);
    let range = whole_letters(value, begin..value.len() - end);
    let (same, differs, after) = (&value[..range.start], &value[range.clone()], &value[range.end..]);
    let style = theme.danger.add_modifier(Modifier::UNDERLINED);
    // Half of the room is for what is the same before it.
    let before = keep_end(&harmless(same), usize::from(columns) / 2).into_owned();
    vec![(before, theme.text), (differs.to_owned(), style), (after.to_owned(), theme.text)]
}

fn style_of(kind: DiffKind, theme: &Theme) -> Style {
    match kind {
        DiffKind::Missing | DiffKind::Extra | DiffKind::Changed | DiffKind::WrongLeaf => theme.danger,
    }
}

/// In which partition a row belongs by its time, and in which it lies: the source need not have either.
fn place(pen: &mut Pen<'_>, grid: &Grid, y: u16, [home, leaf]: [&Option<String>; 2]) {
    let (theme, none) = (*pen.theme, "no partition");
    grid.cell(pen, ("column", y), "(partition)", theme.dim);
    for (title, words, name) in [("source", "belongs in", home), ("twin", "lies in", leaf)] {
        grid.cell(pen, (title, y), &format!("{words} {}", name.as_deref().unwrap_or(none)), theme.danger);
    }
}

/// Column by column, the source beside the twin.
fn columns(pen: &mut Pen<'_>, area: Rect, diff: &Diff) {
    let theme = *pen.theme;
    if area.height < 2 {
        return;
    }
    let half = (area.width.saturating_sub(24)) / 2;
    let pair =
        [Column::words("column", 16, 0), Column::words("source", half, 0), Column::words("twin", half, 0)];
    let grid = Grid::new(area, &pair);
    grid.head(pen, area.y);
    if diff.columns.is_empty() {
        let text = match diff.kind {
            DiffKind::Missing => "the row is in the source only",
            DiffKind::Extra => "the row is in the twin only",
            DiffKind::WrongLeaf => "the row is in the twin under another period",
            DiffKind::Changed => "the columns that differ were not kept",
        };
        pen.text((area.x + 1, area.y + 1), area.width.saturating_sub(2), text, theme.dim);
        return;
    }
    for (y, (column, source, twin)) in (area.y + 1..area.bottom()).zip(&diff.columns) {
        if column == PLACE {
            place(pen, &grid, y, [source, twin]);
            continue;
        }
        grid.cell(pen, ("column", y), column, theme.strong);
        for (title, value, other) in [("source", source, twin), ("twin", twin, source)] {
            let Some((x, columns)) = grid.place(title) else { continue };
            let pieces = marked(&theme, value.as_deref(), other.as_deref(), columns);
            pen.pieces((x, y), columns, &pieces);
        }
    }
}
