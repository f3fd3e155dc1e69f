//! The frame's bottom: keys that count here, or for some seconds a notice, or the filter being typed.
//!
//! ```text
//! ╰ p pause  a abort…  v verify  s swap… (needs verification)  / filter  : palette  q quit ──────╯
//! ```
//!
//! A key that cannot act now is dim with the reason, or left out where it makes no sense at all.

use ratatui::{layout::Rect, style::Modifier};

use crate::{
    model::{
        figures::{seconds_between, span},
        phase::State,
    },
    tui::{
        app::{
            allowed::{Blocked, blocked},
            freeze::Frozen,
            model::{Intent, Model, Tone},
        },
        frame::tabs::hides_help,
        glyphs,
        keymap::{Action, Binding, Context, bound},
        theme::Theme,
        widgets::pen::{Pen, Piece, columns_of},
    },
};

/// Draws the footer into the frame's bottom row.
pub fn draw(pen: &mut Pen<'_>, frame: Rect, model: &Model) {
    let inner = Rect { x: frame.x + 1, width: frame.width.saturating_sub(2), ..frame };
    let y = frame.bottom().saturating_sub(1);
    let filter = filter(pen, model);
    let room = inner.width.saturating_sub(columns_of(&filter) + 4);
    let line = said(pen.theme, model).or_else(|| {
        // An overlay shows its own keys in its own frame.
        model.overlays.is_empty().then(|| keys(pen.theme, model, room))
    });
    let Some(line) = line else { return };
    pen.text((inner.x, y), 1, " ", pen.theme.text);
    let end = pen.pieces((inner.x + 1, y), room, &line);
    pen.text((end, y), 1, " ", pen.theme.text);
    if !filter.is_empty() {
        pen.corner(inner, y, &filter);
    }
}

/// A notice, or a command whose answer is owed.
fn said(theme: &Theme, model: &Model) -> Option<Vec<Piece>> {
    if model.context() == Context::Filter {
        return None;
    }
    if let Some(frozen) = model.cursors.frozen.as_ref().filter(|_| model.notice.is_none()) {
        return Some(vec![(standing(model, frozen), theme.accent.add_modifier(Modifier::REVERSED))]);
    }
    if let Some(notice) = &model.notice {
        let (sign, style) = match notice.tone {
            Tone::Calm => ("", theme.accent),
            Tone::Warn => ("! ", theme.warn),
            Tone::Danger => ("✗ ", theme.danger),
        };
        return Some(vec![(format!("{sign}{}", notice.text), style)]);
    }
    if let Some(work) = model.upkeep.work.as_ref().filter(|_| model.intent != Intent::Stay) {
        return Some(vec![(
            format!("leaving when {} has let go; ctrl-c again hurries", work.title),
            theme.warn,
        )]);
    }
    let (command, at) = model.job.asked.as_ref()?;
    let waited = seconds_between(*at, model.now);
    // Most answers come at once: a line that only flashes up would tell nothing.
    (waited >= 1.0).then(|| {
        let text = format!("{}: asked {} ago, not answered yet", command.word(), span(waited.floor()));
        vec![(text, theme.warn)]
    })
}

/// That the display stands still, and nothing else does.
fn standing(model: &Model, frozen: &Frozen) -> String {
    let since = span(seconds_between(frozen.since, model.now).floor().max(1.0));
    let moves = match model.live().map(|status| status.migration.state) {
        Some(State::Running) => "the migration runs on",
        Some(State::Paused | State::Stopped | State::Failed | State::Unknown) | None => {
            "nothing is paused by that"
        }
    };
    format!(" display frozen for {since}: {moves}; z thaws ")
}

/// What is typed into the filter, or the filter that is on.
fn filter(pen: &Pen<'_>, model: &Model) -> Vec<Piece> {
    let filter = model.filter();
    let typing = model.context() == Context::Filter;
    if filter.is_empty() && !typing {
        return Vec::new();
    }
    let mut pieces = vec![("/".into(), pen.theme.accent), (filter.to_owned(), pen.theme.strong)];
    if typing {
        pieces.push((glyphs::CURSOR.into(), pen.theme.accent));
    }
    pieces
}

/// One key in the footer.
struct Hint {
    binding: &'static Binding,
    blocked: Option<Blocked>,
    /// The reason why it cannot act is shown.
    explained: bool,
}

impl Hint {
    fn pieces(&self, theme: &Theme) -> Vec<Piece> {
        let (key, word) = (self.binding.stroke().to_string(), self.binding.word);
        match &self.blocked {
            None => vec![(key, theme.accent), (format!(" {word}"), theme.text)],
            Some(blocked) if self.explained => {
                vec![(format!("{key} {word} ({})", blocked.reason), theme.dim)]
            }
            Some(_) => vec![(format!("{key} {word}"), theme.dim)],
        }
    }
}

/// Keys of this rank and above are conveniences: reasons come before them.
const CONVENIENCE: u8 = 9;

/// As many keys as fit into `room`: first the important ones, then the reasons, then conveniences.
fn keys(theme: &Theme, model: &Model, room: u16) -> Vec<Piece> {
    let fits = |hints: &[Hint]| columns_of(&joined(theme, hints)) <= room;
    let (mut shown, conveniences): (Vec<Hint>, Vec<Hint>) =
        hints(theme, model).into_iter().partition(|hint| hint.binding.rank < CONVENIENCE);
    while !fits(&shown) && !shown.is_empty() {
        let least = shown.iter().rposition(|hint| hint.blocked.is_some()).unwrap_or(shown.len() - 1);
        shown.remove(least);
    }
    for at in 0..shown.len() {
        shown[at].explained = true;
        shown[at].explained = fits(&shown);
    }
    // Dim without the reason would only puzzle: help has them all.
    shown.retain(|hint| hint.blocked.is_none() || hint.explained);
    for hint in conveniences.into_iter().filter(|hint| hint.blocked.is_none()) {
        shown.push(hint);
        if !fits(&shown) {
            shown.pop();
            break;
        }
    }
    joined(theme, &shown)
}

/// The keys of the context in front that make sense.
fn hints(theme: &Theme, model: &Model) -> Vec<Hint> {
    let context = model.context();
    let mut hints: Vec<_> = bound(context)
        .filter(|binding| binding.rank > 0)
        .map(|binding| Hint { binding, blocked: blocked(binding.action, model), explained: false })
        .filter(|hint| hint.blocked.as_ref().is_none_or(|blocked| !blocked.moot))
        .filter(|hint| hint.binding.action != Action::Help || hides_help(theme, model.size.0, model))
        .collect();
    hints.sort_by_key(|hint| hint.binding.rank);
    hints
}

fn joined(theme: &Theme, hints: &[Hint]) -> Vec<Piece> {
    let mut line = Vec::new();
    for hint in hints {
        if !line.is_empty() {
            line.push(("  ".into(), theme.text));
        }
        line.extend(hint.pieces(theme));
    }
    line
}

/// The keys of an overlay, for its own bottom row.
pub fn of_overlay(pen: &mut Pen<'_>, inner: Rect, model: &Model) {
    let y = inner.bottom();
    let room = inner.width.saturating_sub(4);
    let line = keys(pen.theme, model, room);
    pen.text((inner.x + 1, y), 1, " ", pen.theme.text);
    let end = pen.pieces((inner.x + 2, y), room, &line);
    pen.text((end, y), 1, " ", pen.theme.text);
}
