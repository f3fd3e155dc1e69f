//! What lies over a screen, one a file.

mod adopting;
mod blockers;
pub mod confirm;
pub mod detail;
mod export;
mod form;
pub mod help;
mod limits;
pub mod palette;
mod row;
pub mod sql;
pub mod swap;
mod upkeep;
pub mod wizard;

use ratatui::layout::Rect;

use crate::tui::{
    app::{model::Model, overlay::Overlay},
    widgets::pen::Pen,
};

/// Draws one overlay over `screen`.
pub fn draw(pen: &mut Pen<'_>, screen: Rect, overlay: &Overlay, model: &Model) {
    match overlay {
        Overlay::Help { scroll } => help::draw(pen, screen, *scroll, model),
        Overlay::Palette { query, selected } => palette::draw(pen, screen, (query, *selected), model),
        Overlay::Ask(ask) => confirm::draw(pen, screen, ask, model),
        Overlay::Wizard(wizard) => wizard::draw(pen, screen, wizard, model),
        Overlay::Form(form) => form::draw(pen, screen, form, model),
        Overlay::Detail(detail) => detail::text(pen, screen, detail, model),
        Overlay::Row(view) => row::draw(pen, screen, view, model),
        Overlay::Export(choices) => export::draw(pen, screen, choices, model),
        Overlay::Panic(report) => detail::panic(pen, screen, report, model),
    }
}
