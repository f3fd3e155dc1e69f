//! The page of strategies: side by side, with what each would cost here, and why one is refused.
//!
//! ```text
//! ├ strategy ────── copied ── on disk ───── WAL ── about ─ readers miss ───┤
//! │▸online         64.4 MB    81.5 MB   81.5 MB   2.0 s  nothing           │
//! │ repartition    refused: it is not partitioned (QD-112)                 │
//! ```

use ratatui::layout::Rect;

use super::remark;
use crate::{
    engine::plan::compare::{Alternative, Summary},
    model::{figures, strategy::Strategy},
    tui::{
        app::{list::Load, wizard::Wizard},
        glyphs,
        widgets::{
            grid::{Column, Grid},
            pen::Pen,
        },
    },
};

const COLUMNS: [Column; 6] = [
    Column::words("strategy", 12, 0),
    Column::numbers("copied", 8, 1),
    Column::numbers("on disk", 8, 1),
    Column::numbers("WAL", 8, 2),
    Column::numbers("about", 8, 1),
    Column::filling("readers miss", 12),
];

/// Draws the page.
pub(super) fn draw(pen: &mut Pen<'_>, area: Rect, wizard: &Wizard) {
    let (theme, grid) = (*pen.theme, Grid::new(area, &COLUMNS));
    grid.head(pen, area.y);
    for (y, (at, strategy)) in (area.y + 1..area.bottom()).zip(Strategy::ALL.into_iter().enumerate()) {
        let of = alternative(wizard, strategy);
        let style = if of.is_some_and(|one| one.summary.is_none()) { theme.dim } else { theme.text };
        grid.cell(pen, ("strategy", y), strategy.word(), style);
        match of.map(|one| (&one.summary, one.refused.first())) {
            Some((Some(summary), _)) => costs(pen, &grid, y, summary),
            Some((None, Some(first))) => {
                let text = format!("{} refused: {}", glyphs::BROKEN, first.reason);
                pen.text((area.x + 15, y), area.width.saturating_sub(16), &text, theme.dim);
            }
            Some((None, None)) | None => {}
        }
        if at == wizard.strategy {
            grid.select(pen, y);
        }
    }
    remark(pen, area, &lines(wizard));
}

fn alternative(wizard: &Wizard, strategy: Strategy) -> Option<&Alternative> {
    let Load::Ready(weighed) = &wizard.weighed else { return None };
    weighed.alternatives.iter().find(|one| one.strategy == strategy)
}

fn costs(pen: &mut Pen<'_>, grid: &Grid, y: u16, summary: &Summary) {
    let theme = *pen.theme;
    let amount = |n: i64| if n == 0 { "nothing".to_owned() } else { figures::bytes(n) };
    grid.cell(pen, ("copied", y), &amount(summary.copied_bytes), theme.text);
    grid.cell(pen, ("on disk", y), &amount(summary.cost.bytes), theme.text);
    grid.cell(pen, ("WAL", y), &amount(summary.cost.wal_bytes), theme.text);
    grid.cell(pen, ("about", y), &figures::span(figures::float(summary.cost.seconds)), theme.text);
    grid.cell(pen, ("readers miss", y), &summary.readers, theme.text);
}

/// What the chosen one is for, whom it locks out, and until when it can be undone; or why it is refused.
fn lines(wizard: &Wizard) -> Vec<String> {
    let chosen = wizard.chosen_strategy();
    let mut lines = vec![format!("{}: {}.", chosen.word(), chosen.purpose())];
    if chosen == Strategy::RenameFirst {
        lines.push("Readers miss every row until it is copied; a change of such a row finds nothing.".into());
    }
    match &wizard.weighed {
        Load::Loading => lines.push("being weighed …".into()),
        Load::Failed(report) => lines.push(report.message.clone()),
        Load::Nothing | Load::Ready(_) => {}
    }
    let Some(one) = alternative(wizard, chosen) else { return lines };
    for finding in one.refused.iter().take(2) {
        lines.push(format!("{} {}: {} ({})", glyphs::BROKEN, finding.object, finding.reason, finding.id));
        lines.push(format!("→ {}", finding.remedy));
    }
    if let Some(summary) = &one.summary {
        let mut locks: Vec<_> = summary.locks.iter().map(|lock| lock.words.as_str()).collect();
        locks.dedup();
        let more = if locks.len() > 1 { format!(", and {} more", locks.len() - 1) } else { String::new() };
        lines.extend(locks.first().map(|first| format!("locks: {first}{more}")));
        let until = summary.last_step.as_deref().map(|step| format!("undone until: {step}"));
        lines.push(until.unwrap_or_else(|| "it can be undone at any time".into()));
    }
    lines
}
