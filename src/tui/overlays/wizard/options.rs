//! The page of last choices: a row each, and what the selected one means.
//!
//! ```text
//! │▸time zone                UTC▏
//! │ incoming keys            refuse
//! │
//! │ Periods begin at midnight there; bounds are stored with their offset. Type a name.
//! ```

use ratatui::layout::Rect;

use super::{choices, remark};
use crate::{
    model::{history::History, incoming::Choice},
    tui::{
        app::{
            options::{self, Row},
            wizard::Wizard,
        },
        glyphs,
        widgets::pen::Pen,
    },
};

/// Draws the page.
pub(super) fn draw(pen: &mut Pen<'_>, area: Rect, wizard: &Wizard) {
    let rows = options::rows(wizard);
    let shown: Vec<_> = rows.iter().map(|row| (name(*row).to_owned(), value(*row, wizard))).collect();
    choices(pen, area, &shown, wizard.options.selected);
    let selected = options::selected(wizard);
    if selected == Some(Row::Zone) {
        let at = u16::try_from(wizard.options.selected).unwrap_or(0);
        let typed = u16::try_from(wizard.options.zone.chars().count()).unwrap_or(0);
        let style = pen.theme.accent;
        pen.text((area.x + 26 + typed, area.y + at), 1, glyphs::CURSOR, style);
    }
    if let Some(row) = selected {
        remark(pen, area, &about(row, wizard));
    }
}

fn name(row: Row) -> &'static str {
    match row {
        Row::Zone => "time zone",
        Row::Incoming => "incoming foreign keys",
        Row::IdsTable => "table of ids",
        Row::History => "the old table becomes",
        Row::AppendOnly => "rows until it is full",
    }
}

fn value(row: Row, wizard: &Wizard) -> String {
    let options = &wizard.options;
    match row {
        Row::Zone if options.zone.is_empty() => "  UTC; type another".into(),
        Row::Zone => options.zone.clone(),
        Row::Incoming => options.incoming.word().into(),
        Row::IdsTable => if options.ids_table { "yes" } else { "no" }.into(),
        Row::History => match options.history {
            History::Range => "a partition of all earlier time",
            History::Default => "DEFAULT",
        }
        .into(),
        Row::AppendOnly => if options.append_only { "are only added" } else { "may be changed" }.into(),
    }
}

/// What the chosen value means, and its price.
fn about(row: Row, wizard: &Wizard) -> Vec<String> {
    let options = &wizard.options;
    let lines: &[&str] = match row {
        Row::Zone => &["Periods begin at midnight there; bounds are stored with their offset. Type a name."],
        Row::Incoming => match options.incoming {
            Choice::Refuse => {
                &["The plan is refused where a foreign key of another table leads to this one (d changes)."]
            }
            Choice::Drop => &[
                "The swap drops them, with CASCADE and its like; `reverse` restores them (d changes).",
                "The plan names each; the table's name is typed before the start.",
            ],
            Choice::Keep => &[
                "They move along with the name, checked at every instant, where their columns stay unique (d changes).",
            ],
        },
        Row::IdsTable if options.ids_table => &[
            "Triggers keep a table of the old key beside the partitioned one: it stays unique (d changes).",
            "Kept foreign keys lead there. Writing costs more: the plan says how much.",
        ],
        Row::IdsTable => &["The old key alone is no longer unique after the swap (d changes)."],
        Row::History => match options.history {
            History::Range => {
                &["It holds the rows before a bound; later rows have partitions of their own (d changes)."]
            }
            History::Default => &[
                "Every partition that is added later reads all of it under its lock (d changes),",
                "and none can be detached CONCURRENTLY.",
            ],
        },
        Row::AppendOnly if options.append_only => {
            &["You say that no row is updated or deleted until the table is filled (d takes it back)."]
        }
        Row::AppendOnly => &[
            "Refused where statistics show updates or deletes: a change of a row finds nothing (d changes).",
        ],
    };
    lines.iter().map(|line| (*line).to_owned()).collect()
}
