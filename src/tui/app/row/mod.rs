//! The window about one differing row: asked of the desk when it opens, and read now. What the verifier kept is shown until
//! the answer comes, and stays where there is none.
//!
//! A long value is never wrapped as a whole for a picture: it is laid out once, when it comes or the window's width changes.

mod page;
mod rows;
mod words;

use std::sync::Arc;

use chrono::{DateTime, Utc};

pub use self::{
    page::Page,
    words::{Ink, Line},
};
use crate::{
    engine::row::{Wanted, WholeRow},
    model::diff::Diff,
    tui::{
        app::{
            allowed::{Blocked, moot},
            list::Load,
            model::{Model, Tone},
            msg::Effect,
            overlay::{Detail, Overlay},
            upkeep::Question,
        },
        glyphs,
        keymap::Action,
    },
};

/// Columns of the screen that are not the text's: the margin, the frame, and a blank, on both sides.
const AROUND: u16 = 8;
/// Rows that are seen before a difference.
const BEFORE: usize = 2;
/// Terminals and what they run in cut a longer text for the clipboard, or leave it out, and say nothing.
const MOST_COPIED: usize = 1 << 20;

/// The window.
#[derive(Clone, Debug, PartialEq)]
pub struct RowView {
    /// What was asked.
    pub wanted: Wanted,
    /// When the period was verified, as the console knew it then.
    pub verified_at: Option<DateTime<Utc>>,
    /// What came of it.
    pub found: Load<Arc<WholeRow>>,
    /// The rows to draw.
    pub page: Arc<Page>,
    /// Rows scrolled.
    pub scroll: usize,
    /// The difference that was gone to last.
    pub stop: Option<usize>,
}

impl RowView {
    /// A window that waits for its answer.
    pub fn waiting(wanted: Wanted, verified_at: Option<DateTime<Utc>>, width: u16) -> Self {
        let page = Arc::default();
        let mut view = Self { wanted, verified_at, found: Load::Loading, page, scroll: 0, stop: None };
        view.lay(width);
        view
    }

    /// Lays it out for a screen of this width.
    pub fn lay(&mut self, width: u16) {
        let columns = usize::from(width.saturating_sub(AROUND)).max(20);
        let page = match &self.found {
            Load::Ready(row) => Page::of_row(columns, &self.wanted.diff.key, row, self.verified_at),
            Load::Loading | Load::Nothing => self.kept(columns, vec![("reading …".into(), Ink::Warn)]),
            Load::Failed(report) => {
                let mut why = vec![(
                    format!("{} it could not be read: {}", glyphs::BROKEN, report.message),
                    Ink::Danger,
                )];
                why.extend(report.hint.iter().map(|hint| (format!("→ {hint}"), Ink::Plain)));
                why.extend(report.sqlstate.iter().map(|code| (format!("SQLSTATE {code}"), Ink::Dim)));
                self.kept(columns, why)
            }
        };
        self.page = Arc::new(page);
        self.stop = self.stop.filter(|stop| *stop < self.page.stops.len());
        if let Some(stop) = self.stop {
            self.scroll = self.page.stops[stop].0.saturating_sub(BEFORE);
        }
    }

    /// What is said of it, above what the verifier kept.
    fn kept(&self, columns: usize, said: Vec<(String, Ink)>) -> Page {
        let mut text = said;
        text.extend([(String::new(), Ink::Plain), ("what the verifier kept of it:".into(), Ink::Dim)]);
        text.extend(self.kept_text().into_iter().map(|line| (line, Ink::Plain)));
        Page::of_words(columns, &text)
    }

    fn kept_text(&self) -> Vec<String> {
        Detail::of_diff(&self.wanted.diff).text
    }

    /// Its title.
    pub fn title(&self) -> String {
        let diff = &self.wanted.diff;
        format!("{} in {}", diff.kind.word(), diff.leaf)
    }
}

/// Opens the window about a differing row. A journal of before knows too little of the row to read it again.
pub fn open(model: &mut Model, diff: Diff) -> Vec<Effect> {
    let Some(status) = model.status() else { return Vec::new() };
    if diff.key_values.is_empty() {
        let mut detail = Detail::of_diff(&diff);
        let why = "an older version verified it and kept too little to read it whole: verify again, with v";
        detail.text.extend([String::new(), why.into()]);
        model.overlays.push(Overlay::Detail(detail));
        return Vec::new();
    }
    let verified_at =
        status.periods.iter().find(|period| period.leaf == diff.leaf).and_then(|p| p.verified_at);
    let wanted = Wanted { migration: status.migration.id, diff };
    let width = model.size.0;
    model.overlays.push(Overlay::Row(Box::new(RowView::waiting(wanted.clone(), verified_at, width))));
    vec![Effect::Ask(Question::Row(Box::new(wanted)))]
}

/// The window in front.
pub fn in_front(model: &Model) -> Option<&RowView> {
    if let Some(Overlay::Row(view)) = model.overlays.last() { Some(view) } else { None }
}

fn in_front_mut(model: &mut Model) -> Option<&mut RowView> {
    if let Some(Overlay::Row(view)) = model.overlays.last_mut() { Some(view) } else { None }
}

fn views(model: &mut Model) -> impl Iterator<Item = &mut RowView> {
    model.overlays.iter_mut().filter_map(Overlay::row)
}

/// An answer; one that no window waits for is too late.
pub fn answered(model: &mut Model, wanted: &Wanted, found: &Load<Arc<WholeRow>>) {
    let width = model.size.0;
    for view in views(model).filter(|view| view.found == Load::Loading && view.wanted == *wanted) {
        (view.found, view.scroll) = (found.clone(), 0);
        view.lay(width);
    }
}

/// Whether a window waits for an answer: else nobody wants it any more.
pub fn is_awaited(model: &Model) -> bool {
    model.overlays.iter().any(|overlay| matches!(overlay, Overlay::Row(view) if view.found == Load::Loading))
}

/// The screen has another width.
pub fn resized(model: &mut Model) {
    let width = model.size.0;
    views(model).for_each(|view| view.lay(width));
}

/// Whether an action that means something else elsewhere can act on the window in front.
pub fn may(action: Action, model: &Model) -> Option<Result<(), Blocked>> {
    let view = in_front(model)?;
    let jumps = matches!(action, Action::NextDifference | Action::PreviousDifference);
    if !jumps && !matches!(action, Action::Reload | Action::Export) {
        return None;
    }
    Some(if jumps && view.page.stops.is_empty() {
        moot("there is no difference to go to")
    } else if action == Action::Reload && view.found == Load::Loading {
        moot("it is being read")
    } else if action == Action::Export && view.found.ready().is_none() {
        moot("nothing was read")
    } else {
        Ok(())
    })
}

/// Reads the row of the window in front once more.
pub fn again(model: &mut Model) -> Vec<Effect> {
    let width = model.size.0;
    let Some(view) = in_front_mut(model) else { return Vec::new() };
    (view.found, view.stop, view.scroll) = (Load::Loading, None, 0);
    view.lay(width);
    vec![Effect::Ask(Question::Row(Box::new(view.wanted.clone())))]
}

/// Goes to the difference `by` places on, round and round.
pub fn jump(model: &mut Model, by: isize) {
    let Some(view) = in_front_mut(model) else { return };
    let len = view.page.stops.len();
    if len == 0 {
        return;
    }
    let at = match view.stop {
        Some(stop) => stop.saturating_add_signed(by + len.cast_signed()) % len,
        None if by < 0 => len - 1,
        None => 0,
    };
    view.stop = Some(at);
    let (row, what) = view.page.stops[at].clone();
    view.scroll = row.saturating_sub(BEFORE);
    model.say(Tone::Calm, format!("difference {} of {len}: {what}", at + 1));
}

/// What is copied of the window: all of it, but not more than reaches a clipboard.
pub fn copied(view: &RowView) -> Result<String, String> {
    let Some(row) = view.found.ready() else { return Ok(view.kept_text().join("\n")) };
    let held = row.columns.iter().flat_map(|column| [&column.source, &column.twin]);
    let bytes: usize = held.filter_map(|held| held.text()).map(str::len).sum();
    if bytes > MOST_COPIED {
        return Err("too long for a terminal's clipboard: e writes it to a file".into());
    }
    Ok(words::as_text(&view.wanted.diff.key, row, view.verified_at))
}

/// The window in front, and what was read.
pub fn read(model: &Model) -> Option<(&RowView, &WholeRow)> {
    let view = in_front(model)?;
    Some((view, view.found.ready()?))
}
