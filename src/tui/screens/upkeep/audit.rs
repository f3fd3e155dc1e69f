//! The page *audit*: how many partitions each statement on the table reaches, the dearest that want a change first.
//!
//! ```text
//! │ public.chat_messages  by created_at, 14 partitions …                               looked 3 s ago  │
//! │ 17 statements, 4 reach every partition (71.2 % of the time), 1 fail                                │
//! ├─ reaches ──────── calls ──── in all ─ each ms ─ statement ─────────────────────────────────────────┤
//! │▸! 14 of 14    1,204,331     2h11m      0.41   SELECT * FROM chat_messages WHERE session_id = $1    │
//! ```

use ratatui::{layout::Rect, style::Style};

use crate::{
    model::{
        audit::{Audit, Audited, Verdict},
        figures,
        sql::on_one_line,
    },
    tui::{
        app::{model::Model, upkeep},
        glyphs,
        theme::Theme,
        widgets::{
            grid::{Column, Grid},
            pen::Pen,
        },
    },
};

const STATEMENTS: [Column; 5] = [
    Column::words("reaches", 13, 0),
    Column::numbers("calls", 11, 1),
    Column::numbers("in all", 8, 2),
    Column::numbers("each ms", 8, 3),
    Column::filling("statement", 30),
];

/// Rows for what is wrong with the selected statement.
const WHOLE: u16 = 3;

/// Draws the page.
pub(super) fn draw(pen: &mut Pen<'_>, area: Rect, model: &Model) {
    let sheet = &model.upkeep.audit;
    let Some(audit) = super::ready(pen, area, &sheet.found) else { return };
    let theme = *pen.theme;
    let looked = super::looked(sheet, model);
    let head = audit.head();
    let (name, rest) = head.split_once("  ").unwrap_or((&head, ""));
    super::head(pen, area, [name, rest, &looked]);
    let room = Rect { y: area.y + 1, height: area.height.saturating_sub(1).min(2), ..area };
    let y = super::sentences(pen, room, &[(audit.counts(), theme.text)]);
    let rest = Rect { y, height: area.bottom().saturating_sub(y), ..area };
    let strip = if audit.statements.is_empty() { 0 } else { WHOLE.min(rest.height.saturating_sub(4)) };
    statements(pen, Rect { height: rest.height - strip, ..rest }, model, audit);
    let below = Rect { y: rest.bottom() - strip, height: strip, ..rest };
    whole(pen, below, model, audit);
}

fn statements(pen: &mut Pen<'_>, area: Rect, model: &Model, audit: &Audit) {
    if area.height < 2 {
        return;
    }
    let (theme, grid) = (*pen.theme, Grid::new(area, &STATEMENTS));
    grid.head(pen, area.y);
    let body = Rect { y: area.y + 1, height: area.height - 1, ..area };
    let shown = upkeep::shown_statements(model);
    let Some(selected) = model.cursors.health.at(shown.len()) else {
        let text = if model.cursors.health.filter.is_empty() {
            format!("no statement of {} is on it", audit.from)
        } else {
            "no statement passes the filter".to_owned()
        };
        pen.text((body.x + 1, body.y), body.width.saturating_sub(2), &text, theme.dim);
        return;
    };
    grid.list(pen, body, (selected, shown.len()), |pen, y, at| row(pen, y, &grid, shown[at]));
}

fn row(pen: &mut Pen<'_>, y: u16, grid: &Grid, one: &Audited) {
    let theme = *pen.theme;
    let (text, style) = verdict(one, &theme);
    grid.cell(pen, ("reaches", y), &text, style);
    let calls = one.source.calls.map_or_else(|| "?".into(), figures::count);
    grid.cell(pen, ("calls", y), &calls, theme.text);
    let all = one.source.total_ms.map_or_else(|| "?".into(), |ms| figures::span(ms / 1_000.0));
    grid.cell(pen, ("in all", y), &all, theme.text);
    let each = one.each_ms().map_or_else(|| "?".into(), |ms| format!("{ms:.2}"));
    grid.cell(pen, ("each ms", y), &each, theme.text);
    grid.cell(pen, ("statement", y), &on_one_line(&one.source.sql), theme.text);
}

/// A sign and a style: colour alone means nothing.
fn verdict(one: &Audited, theme: &Theme) -> (String, Style) {
    match &one.verdict {
        Verdict::Reaches(reach) => {
            let most = if reach.at_most { "≤ " } else { "" };
            let text = format!("{most}{} of {}", reach.touched, reach.leaves);
            if one.verdict.reaches_all() {
                (format!("{} {text}", glyphs::WARNING), theme.warn)
            } else {
                (format!("  {text}"), theme.text)
            }
        }
        Verdict::Inserts => ("  inserts".into(), theme.text),
        Verdict::Fails(_) => (format!("{} fails", glyphs::BROKEN), theme.danger),
        Verdict::Unplanned(_) => ("? not planned".into(), theme.dim),
        Verdict::Elsewhere => ("  elsewhere".into(), theme.dim),
    }
}

/// What is wrong with the selected statement, and that there is another way to write it.
fn whole(pen: &mut Pen<'_>, area: Rect, model: &Model, audit: &Audit) {
    let Some(one) = upkeep::selected_statement(model) else { return };
    let theme = *pen.theme;
    let mut lines: Vec<_> = audit.notes(one).into_iter().map(|note| (note, theme.warn)).collect();
    if let Some(rewrite) = &one.rewrite {
        let reach = rewrite.reach.map(|reach| format!(" ({})", reach.words())).unwrap_or_default();
        lines.push((format!("→ {}{reach}", on_one_line(&rewrite.sql)), theme.text));
    }
    super::sentences(pen, area, &lines);
}
