//! The wizard's last choices, a row each: only those that the table, its key and the strategy leave open.

use crate::{
    model::{
        calendar::Zone, clock::Clock, history::History, incoming::Choice, plan::Request, strategy::Strategy,
    },
    tui::app::wizard::Wizard,
};

/// A choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Row {
    /// Where the periods begin at midnight; typed.
    Zone,
    /// What becomes of foreign keys that lead to the table.
    Incoming,
    /// Whether a table of ids keeps the old key unique (`online`).
    IdsTable,
    /// What the old table becomes (`adopt`).
    History,
    /// Whether rows are only added while the table is filled (`rename-first`).
    AppendOnly,
}

/// What is chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// The selected row.
    pub selected: usize,
    /// As typed; UTC where nothing is.
    pub zone: String,
    /// `--incoming`.
    pub incoming: Choice,
    /// `--ids-table`.
    pub ids_table: bool,
    /// `--history`.
    pub history: History,
    /// `--append-only`.
    pub append_only: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            selected: 0,
            zone: String::new(),
            incoming: Choice::Refuse,
            ids_table: false,
            history: History::Range,
            append_only: false,
        }
    }
}

/// The rows of the page.
pub fn rows(wizard: &Wizard) -> Vec<Row> {
    let clock = wizard.table.keys().nth(wizard.key).map(|key| Clock::of_time_type(&key.type_sql));
    let is_time = clock.flatten().is_some();
    // A column without a zone has midnights of its own.
    let has_zone = !matches!(clock, Some(Some(clock)) if clock != Clock::Timestamptz);
    let strategy = wizard.chosen_strategy();
    let all = [
        (Row::Zone, has_zone),
        (Row::Incoming, strategy != Strategy::Adopt),
        (Row::IdsTable, strategy == Strategy::Online && is_time),
        (Row::History, strategy == Strategy::Adopt),
        (Row::AppendOnly, strategy == Strategy::RenameFirst),
    ];
    all.into_iter().filter(|(_, open)| *open).map(|(row, _)| row).collect()
}

/// The row under the cursor.
pub fn selected(wizard: &Wizard) -> Option<Row> {
    rows(wizard).get(wizard.options.selected).copied()
}

/// The next value of the selected row. A zone is typed.
pub fn change(wizard: &mut Wizard) {
    let Some(row) = selected(wizard) else { return };
    let options = &mut wizard.options;
    match row {
        Row::Zone => {}
        Row::Incoming => options.incoming = after(&Choice::ALL, options.incoming),
        Row::IdsTable => options.ids_table = !options.ids_table,
        Row::History => options.history = after(&History::ALL, options.history),
        Row::AppendOnly => options.append_only = !options.append_only,
    }
}

fn after<T: Copy + PartialEq>(all: &[T], now: T) -> T {
    let at = all.iter().position(|one| *one == now).unwrap_or(0);
    all[(at + 1) % all.len()]
}

/// The zone, or what is wrong with it.
pub fn zone(wizard: &Wizard) -> Result<Zone, String> {
    if !rows(wizard).contains(&Row::Zone) {
        return Ok(Zone::UTC);
    }
    let typed = wizard.options.zone.trim();
    if typed.is_empty() {
        return Ok(Zone::UTC);
    }
    typed.parse().map_err(|_| match Zone::like(typed).as_slice() {
        [] => format!("there is no time zone {typed:?}: write a name as Europe/Berlin, or UTC"),
        near => format!("there is no time zone {typed:?}: {}?", near.join(", ")),
    })
}

/// Adds what is chosen to a request; rows that are not on the page say nothing.
pub fn fill(wizard: &Wizard, request: Request) -> Request {
    let (rows, options) = (rows(wizard), &wizard.options);
    let open = |row| rows.contains(&row);
    Request {
        zone: zone(wizard).unwrap_or(request.zone),
        incoming: if open(Row::Incoming) { options.incoming } else { request.incoming },
        ids_table: open(Row::IdsTable) && options.ids_table,
        history: if open(Row::History) { options.history } else { request.history },
        append_only: open(Row::AppendOnly) && options.append_only,
        ..request
    }
}
