//! The console: a pure reducer ([`app`]), a pure [`view`], and a runner ([`run`]) between them and the world.
//!
//! It sends commands and reads status; it never touches a table. What it needs from the world it asks of a
//! [`desk::Desk`]. It can never block the migration: status is a watch, events are bounded and refilled
//! from the journal, and drawing happens at most thirty times a second.

pub mod app;
pub mod badge;
pub mod desk;
pub mod export;
pub mod frame;
pub mod glyphs;
pub mod harmless;
pub mod keymap;
pub mod overlays;
pub mod run;
pub mod screens;
pub mod terminal;
pub mod theme;
pub mod view;
pub mod widgets;

#[cfg(test)]
#[path = "../../tests/console/mod.rs"]
mod tests;
