//! The page of periods: how many partitions each length makes of this table, and how large they are.
//!
//! ```text
//! │▸quarter        4 a year     11 partitions   ≈ 18,181 rows, 7.4 MB in each
//! ```

use ratatui::layout::Rect;

use super::{choices, remark};
use crate::{
    engine::plan::compare::Weighed,
    model::{figures, leaves::leaves_for, period::Every},
    tui::{
        app::{list::Load, wizard::Wizard},
        widgets::pen::Pen,
    },
};

/// Draws the page.
pub(super) fn draw(pen: &mut Pen<'_>, area: Rect, wizard: &Wizard) {
    let rows = Every::ALL.map(|every| {
        let a_year = match every {
            Every::Day => "365 a year",
            Every::Week => "52 a year",
            Every::Month => "12 a year",
            Every::Quarter => "4 a year",
            Every::HalfYear => "2 a year",
            Every::Year => "1 a year",
        };
        let here = match &wizard.weighed {
            Load::Ready(weighed) => of_table(weighed, every),
            Load::Loading => "…".into(),
            Load::Nothing | Load::Failed(_) => String::new(),
        };
        (format!("{:<10}{a_year}", every.word()), here)
    });
    choices(pen, area, &rows, wizard.every);
    let mut lines = Vec::new();
    match &wizard.weighed {
        Load::Ready(weighed) => lines.push(span(weighed)),
        Load::Failed(report) => lines.push(report.message.clone()),
        Load::Nothing | Load::Loading => {}
    }
    if Every::ALL.get(wizard.every) == Some(&Every::Week) {
        lines.push("a week begins on Monday".into());
    }
    lines.push(format!("{} periods prepared ahead of the newest row (+ -)", wizard.ahead));
    let default = if wizard.default_leaf {
        "with DEFAULT: a row outside every period has a place"
    } else {
        "without DEFAULT: a row outside every period is refused"
    };
    lines.push(format!("{default} (d)"));
    remark(pen, area, &lines);
}

/// What one length makes of the table.
fn of_table(weighed: &Weighed, every: Every) -> String {
    let Some(extent) = &weighed.extent else { return String::new() };
    let Ok(periods) = leaves_for(every, extent.first, extent.last, 0) else {
        return "too many partitions".into();
    };
    let count = figures::length(periods.len());
    let partitions = if count == 1 { "1 partition".to_owned() } else { format!("{count} partitions") };
    let each = match weighed.rows {
        ..0 => String::new(),
        rows => {
            let (rows, bytes) = (rows / count, weighed.bytes / count);
            format!(" of ≈ {} rows, {}", figures::count(rows), figures::bytes(bytes))
        }
    };
    format!("{partitions}{each}")
}

/// From when to when its rows are.
fn span(weighed: &Weighed) -> String {
    match &weighed.extent {
        None => "its first and last time are not known: it is empty, or was never analyzed".into(),
        Some(extent) => {
            let how = if extent.exact { "by its index" } else { "by the statistics" };
            let day = |time: chrono::DateTime<chrono::Utc>| time.format("%Y-%m-%d").to_string();
            format!("rows from {} to {}, {how}; in each: the mean", day(extent.first), day(extent.last))
        }
    }
}
