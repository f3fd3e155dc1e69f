//! The one table of keys. Dispatch, footer, help, palette and the README's key table are all made from it.
//!
//! Whether a key can act *now*, and why not, is said by [`super::app::allowed`], never here.

mod action;
mod table;

use std::fmt::{self, Write};

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

pub use self::{
    action::{Action, Move, Order},
    table::KEYMAP,
};
use crate::tui::app::model::Screen;

/// A key, with or without ctrl. (No alt chords; ctrl-a and ctrl-b belong to screen and tmux.)
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Stroke {
    /// The key; letters carry their case.
    pub code: KeyCode,
    /// Held with ctrl.
    pub ctrl: bool,
}

impl Stroke {
    /// A key event as the keymap sees it; `None` for chords that mean nothing here.
    pub fn of(event: KeyEvent) -> Option<Self> {
        if event.modifiers.intersects(KeyModifiers::ALT | KeyModifiers::SUPER | KeyModifiers::META) {
            return None;
        }
        Some(Self { code: event.code, ctrl: event.modifiers.contains(KeyModifiers::CONTROL) })
    }

    /// The character it types into an entry line.
    pub fn typed(self) -> Option<char> {
        if let KeyCode::Char(c) = self.code { (!self.ctrl).then_some(c) } else { None }
    }
}

impl fmt::Display for Stroke {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.ctrl {
            f.write_str("ctrl-")?;
        }
        f.write_str(&named(self.code))
    }
}

fn named(code: KeyCode) -> String {
    const SIGNS: [(KeyCode, &str); 8] = [
        (KeyCode::Char(' '), "space"),
        (KeyCode::Up, "↑"),
        (KeyCode::Down, "↓"),
        (KeyCode::Left, "←"),
        (KeyCode::Right, "→"),
        (KeyCode::PageUp, "PgUp"),
        (KeyCode::PageDown, "PgDn"),
        (KeyCode::BackTab, "shift-tab"),
    ];
    if let Some((_, sign)) = SIGNS.iter().find(|(other, _)| *other == code) {
        return (*sign).to_owned();
    }
    // A letter keeps its case, which tells `s` from `S`.
    if let KeyCode::Char(c) = code { c.to_string() } else { code.to_string().to_lowercase() }
}

/// Where keys go: the topmost overlay, else the entry line, else the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Context {
    /// A screen.
    On(Screen),
    /// Typing a filter.
    Filter,
    /// A question with y and n.
    YesNo,
    /// A question that wants the table's name.
    Typed,
    /// The palette.
    Palette,
    /// The list of keys.
    Help,
    /// Values to be filled in.
    Form,
    /// A text to read.
    Detail,
    /// A differing row, read whole.
    Row,
    /// What to export.
    Export,
    /// The wizard's choices.
    Wizard,
    /// The wizard's last choices.
    Options,
    /// The same, where a time zone is typed.
    Zone,
    /// The wizard's plan.
    Preview,
    /// A worker panicked.
    Panic,
}

impl Context {
    /// Characters that are not bound go into an entry line.
    pub fn takes_text(self) -> bool {
        matches!(self, Self::Filter | Self::Typed | Self::Palette | Self::Zone | Self::Form)
    }
}

/// How keys are grouped in help.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Group {
    /// Screens.
    Screens,
    /// Moving about.
    Moving,
    /// The migration.
    Migration,
    /// Chunks and workers.
    Copying,
    /// Tables that are partitioned already.
    Upkeep,
    /// Reading and taking away.
    Reading,
    /// The console itself.
    Console,
    /// Inside dialogs.
    Dialogs,
}

impl Group {
    /// Its heading.
    pub fn title(self) -> &'static str {
        match self {
            Self::Screens => "screens",
            Self::Moving => "moving about",
            Self::Migration => "the migration",
            Self::Copying => "copying",
            Self::Upkeep => "a table's upkeep",
            Self::Reading => "reading, taking away",
            Self::Console => "the console",
            Self::Dialogs => "in dialogs",
        }
    }
}

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Binding {
    /// What it does.
    pub action: Action,
    /// The keys, the one shown first.
    pub strokes: &'static [Stroke],
    /// The word in footer and palette; `…` where a question follows.
    pub word: &'static str,
    /// One sentence for help and the README.
    pub help: &'static str,
    /// Where it counts.
    pub contexts: &'static [Context],
    /// Its place in the footer, 1 the most important; 0 is not shown there.
    pub rank: u8,
}

impl Binding {
    /// The key to show.
    pub fn stroke(&self) -> Stroke {
        self.strokes[0]
    }

    /// All its keys, `↑ k`.
    pub fn strokes_text(&self) -> String {
        self.strokes.iter().map(Stroke::to_string).collect::<Vec<_>>().join(" ")
    }
}

/// Every binding with its group, in the table's order.
pub fn bindings() -> impl Iterator<Item = (Group, &'static Binding)> {
    KEYMAP.iter().flat_map(|(group, rows)| rows.iter().map(move |row| (*group, row)))
}

/// What a key means in a context.
pub fn lookup(context: Context, stroke: Stroke) -> Option<Action> {
    bindings()
        .find(|(_, row)| row.contexts.contains(&context) && row.strokes.contains(&stroke))
        .map(|(_, row)| row.action)
}

/// The bindings of a context, in the table's order.
pub fn bound(context: Context) -> impl Iterator<Item = &'static Binding> {
    bindings().map(|(_, row)| row).filter(move |row| row.contexts.contains(&context))
}

/// The table as Markdown, for the README.
pub fn markdown() -> String {
    let mut text = String::from("| key | does |\n|---|---|\n");
    for (group, rows) in KEYMAP {
        let _ = writeln!(text, "| **{}** | |", group.title());
        let mut said = Vec::new();
        for row in *rows {
            // A row that stands twice, for lists and for entry lines, is said once.
            if *group != Group::Dialogs && said.contains(&(row.action, row.help)) {
                continue;
            }
            said.push((row.action, row.help));
            let keys: Vec<_> = row.strokes.iter().map(|stroke| format!("`{stroke}`")).collect();
            let _ = writeln!(text, "| {} | {} |", keys.join(" "), row.help);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::{
        table::{ANYWHERE, ctrl, k},
        *,
    };

    #[test]
    fn no_key_means_two_things_in_one_place() {
        let mut seen = HashSet::new();
        for (_, row) in bindings() {
            assert!(!row.strokes.is_empty() && !row.contexts.is_empty(), "{}", row.word);
            for context in row.contexts {
                for stroke in row.strokes {
                    assert!(seen.insert((context, stroke)), "{stroke} in {context:?}: {}", row.word);
                    assert_eq!(lookup(*context, *stroke), Some(row.action));
                }
            }
        }
    }

    #[test]
    fn every_place_can_be_left_and_interrupted() {
        for context in ANYWHERE {
            assert_eq!(lookup(*context, ctrl('c')), Some(Action::Interrupt));
            let esc = lookup(*context, k(KeyCode::Esc));
            assert!(matches!(esc, Some(Action::Back | Action::No)), "{context:?}: {esc:?}");
        }
    }

    #[test]
    fn letters_are_text_where_text_is_typed() {
        for context in ANYWHERE.iter().filter(|context| context.takes_text()) {
            for row in bound(*context) {
                assert!(row.strokes.iter().all(|stroke| stroke.typed().is_none()), "{}", row.word);
            }
        }
    }

    #[test]
    fn the_readme_s_keys_are_these() {
        let readme = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");
        let text = std::fs::read_to_string(readme).unwrap();
        let (head, rest) = text.split_once("held by a test -->\n").unwrap();
        let (keys, tail) = rest.split_once("<!-- /keys -->").unwrap();
        if std::env::var_os("QUARTERDECK_WRITE_KEYS").is_some() {
            let text = format!("{head}held by a test -->\n{}<!-- /keys -->{tail}", markdown());
            std::fs::write(readme, text).unwrap();
            return;
        }
        assert_eq!(keys, markdown(), "QUARTERDECK_WRITE_KEYS=1 cargo test --lib keymap writes them");
    }

    #[test]
    fn the_documentation_names_every_row() {
        let text = markdown();
        for (_, row) in bindings() {
            assert!(text.contains(row.help), "{}", row.word);
            assert!(text.contains(&format!("`{}`", row.stroke())), "{}", row.word);
        }
    }
}
