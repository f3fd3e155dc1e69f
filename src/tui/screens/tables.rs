//! Screen 0, *Tables*: which tables are big, have a time key, are partitioned already, carry a migration.
//!
//! ```text
//! ├─ table ───────────────────────────── rows ────── size ── time key ──── key ── state ───────────┤
//! │▸public.chat_messages           ~43,102,940     9.6 GB   created_at    yes    copying, running │
//! │ public.users                       ~80,000      12 MB   created_at    yes                     │
//! ```

use ratatui::{layout::Rect, style::Style};

use crate::{
    model::{figures, listing::TableListing},
    tui::{
        app::{allowed, list::Load, listed, model::Model},
        frame::title::state_style,
        glyphs, harmless,
        widgets::{
            grid::{Column, Grid},
            pen::Pen,
        },
    },
};

/// Narrow screens cut the state's reason short rather than lose the state.
fn columns(width: u16, model: &Model) -> [Column; 6] {
    let tables = model.tables.ready().into_iter().flatten();
    [
        Column::filling("table", 17).fitting(tables.map(|table| harmless::width(&shown_name(table)))),
        Column::numbers("rows", 13, 0),
        Column::numbers("size", 8, 1),
        Column::words("time key", 14, 2),
        Column::words("primary key", 11, 3),
        Column::words("state", if width < 78 { 22 } else { 30 }, 0),
    ]
}

/// Draws the screen.
pub fn draw(pen: &mut Pen<'_>, area: Rect, model: &Model) {
    let grid = Grid::new(area, &columns(area.width, model));
    grid.head(pen, area.y);
    let body = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    match &model.tables {
        Load::Nothing | Load::Loading => super::empty(pen, body, "reading the list of tables …"),
        Load::Failed(report) => {
            let hint = report.hint.as_ref().map(|hint| format!("\n→ {hint}")).unwrap_or_default();
            super::empty(pen, body, &format!("{}{hint}", report.message));
        }
        Load::Ready(all) if all.is_empty() => super::empty(pen, body, "this database has no tables"),
        Load::Ready(_) => rows(pen, body, &grid, model),
    }
}

fn rows(pen: &mut Pen<'_>, area: Rect, grid: &Grid, model: &Model) {
    let shown = model.shown_tables();
    let Some(selected) = model.cursors.tables.at(shown.len()) else {
        return super::empty(pen, area, "no table passes the filter");
    };
    grid.list(pen, area, (selected, shown.len()), |pen, y, at| row(pen, y, grid, (shown[at], model)));
}

fn row(pen: &mut Pen<'_>, y: u16, grid: &Grid, (table, model): (&TableListing, &Model)) {
    let theme = *pen.theme;
    let companion = allowed::companion(model, table);
    let usable =
        allowed::openable(table).is_some() || (companion.is_none() && allowed::convertible(table).is_ok());
    let name = if usable { theme.text } else { theme.dim };
    grid.cell(pen, ("table", y), &shown_name(table), name);
    let rows = match table.rows_estimate {
        ..0 => "not analyzed".into(),
        n => format!("≈ {}", figures::count(n)),
    };
    grid.cell(pen, ("rows", y), &rows, name);
    grid.cell(pen, ("size", y), &figures::bytes(table.bytes), name);
    let keys = match table.time_keys.as_slice() {
        [] => "none".to_owned(),
        [key] => key.name.as_str().to_owned(),
        [key, rest @ ..] => format!("{} +{}", key.name.as_str(), rest.len()),
    };
    grid.cell(pen, ("time key", y), &keys, if table.time_keys.is_empty() { theme.dim } else { name });
    let key = if table.has_primary_key { ("yes", name) } else { ("none", theme.warn) };
    grid.cell(pen, ("primary key", y), key.0, key.1);
    let (state, style) = match companion {
        Some(what) => (what, theme.dim),
        None => state(pen, table, model),
    };
    grid.cell(pen, ("state", y), &state, style);
}

/// The name as people say it: the schema that everybody means is left out.
fn shown_name(table: &TableListing) -> String {
    if table.name.schema.as_str() == "public" {
        table.name.name.as_str().to_owned()
    } else {
        table.name.plain()
    }
}

fn state(pen: &Pen<'_>, table: &TableListing, model: &Model) -> (String, Style) {
    let (theme, words) = (pen.theme, listed::state(table, model));
    match listed::carried(table, model) {
        Some(carried) if carried.phase.is_over() => (words, theme.dim),
        Some(carried) => {
            (format!("{} {words}", glyphs::state(carried.state)), state_style(carried.state, theme))
        }
        None if table.partitioned || allowed::convertible(table).is_ok() => (words, theme.text),
        None => (words, theme.dim),
    }
}
