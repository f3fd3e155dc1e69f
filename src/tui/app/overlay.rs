//! What can lie over a screen. Overlays stack; the topmost gets the keys.

use crate::{
    error::Report,
    model::diff::{CUT_MARK, Diff, PLACE, alike},
    tui::{
        app::{
            deed::Ask,
            export::Choices,
            form::Form,
            msg::PanicReport,
            options::{self, Row},
            row::RowView,
            wizard::{Page, Wizard},
        },
        harmless::harmless,
        keymap::Context,
    },
};

/// One overlay.
#[derive(Clone, Debug, PartialEq)]
pub enum Overlay {
    /// All keys.
    Help {
        /// Lines scrolled.
        scroll: usize,
    },
    /// All actions by name.
    Palette {
        /// What was typed.
        query: String,
        /// The selected row.
        selected: usize,
    },
    /// A question before a deed.
    Ask(Ask),
    /// The plan wizard.
    Wizard(Box<Wizard>),
    /// Values to be filled in.
    Form(Form),
    /// A text to read.
    Detail(Detail),
    /// A differing row, read whole.
    Row(Box<RowView>),
    /// What to export.
    Export(Choices),
    /// A worker panicked.
    Panic(PanicReport),
}

/// A text to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Detail {
    /// Its title.
    pub title: String,
    /// Paragraphs, not yet wrapped and not yet made harmless.
    pub text: Vec<String>,
    /// Lines scrolled.
    pub scroll: usize,
}

impl Detail {
    /// An error with its remedy.
    pub fn of_error(title: &str, report: &Report) -> Self {
        let mut text = vec![report.message.clone()];
        text.extend(report.hint.iter().map(|hint| format!("→ {hint}")));
        text.extend(report.sqlstate.iter().map(|code| format!("SQLSTATE {code}")));
        Self { title: title.to_owned(), text, scroll: 0 }
    }
}

impl Detail {
    /// A differing row with its whole key and its whole values.
    pub fn of_diff(diff: &Diff) -> Self {
        let mut text = vec![diff.key.clone()];
        for (column, source, twin) in &diff.columns {
            if column == PLACE {
                let name = |side: &Option<String>| side.clone().unwrap_or_else(|| "no partition".into());
                text.extend([String::new(), format!("by its time it belongs in {}", name(source))]);
                text.push(format!("in the twin it lies in {}", name(twin)));
                continue;
            }
            let value = |side: &Option<String>| {
                side.as_ref().map_or("NULL".into(), |text| format!("'{}'", harmless(text)))
            };
            text.extend([String::new(), column.clone()]);
            text.push(format!("  source {}", value(source)));
            text.push(format!("  twin   {}", value(twin)));
            text.extend(source.as_ref().zip(twin.as_ref()).map(|(a, b)| differs(a, b)));
        }
        Self { title: format!("{} in {}", diff.kind.word(), diff.leaf), text, scroll: 0 }
    }
}

/// Where two values begin to differ, and in what.
fn differs(a: &str, b: &str) -> String {
    let (begin, end) = alike(a, b);
    let part = |value: &str| match &value[begin..value.len() - end] {
        "" => "nothing".to_owned(),
        part => format!("'{}'", harmless(part)),
    };
    // Both are cut, and end with the hash of the whole.
    if a[..begin].contains(CUT_MARK) {
        return "  they differ behind what is shown here, as the hash of the whole value says".into();
    }
    let at = a[..begin].chars().count() + 1;
    format!("  they differ from character {at} on: {} against {}", part(a), part(b))
}

impl Overlay {
    /// Which keys count on it.
    pub fn context(&self) -> Context {
        match self {
            Self::Help { .. } => Context::Help,
            Self::Palette { .. } => Context::Palette,
            Self::Ask(ask) if ask.deed.is_typed() => Context::Typed,
            Self::Ask(_) => Context::YesNo,
            Self::Wizard(wizard) => match wizard.page {
                Page::Key | Page::Every | Page::Strategy => Context::Wizard,
                Page::Options if options::selected(wizard) == Some(Row::Zone) => Context::Zone,
                Page::Options => Context::Options,
                Page::Preview => Context::Preview,
            },
            Self::Form(_) => Context::Form,
            Self::Detail(_) => Context::Detail,
            Self::Row(_) => Context::Row,
            Self::Export(_) => Context::Export,
            Self::Panic(_) => Context::Panic,
        }
    }

    /// The wizard, if it is one.
    pub fn wizard(&self) -> Option<&Wizard> {
        if let Self::Wizard(wizard) = self { Some(wizard) } else { None }
    }

    /// The wizard, if it is one, to be changed.
    pub fn wizard_mut(&mut self) -> Option<&mut Wizard> {
        if let Self::Wizard(wizard) = self { Some(wizard) } else { None }
    }

    /// The window about a row, if it is one.
    pub fn row(&mut self) -> Option<&mut RowView> {
        if let Self::Row(view) = self { Some(view) } else { None }
    }

    /// Lines scrolled, where it scrolls.
    pub fn scroll(&mut self) -> Option<&mut usize> {
        match self {
            Self::Help { scroll } => Some(scroll),
            Self::Ask(ask) => Some(&mut ask.scroll),
            Self::Detail(detail) => Some(&mut detail.scroll),
            Self::Row(view) => Some(&mut view.scroll),
            Self::Wizard(wizard) if wizard.page == Page::Preview => Some(&mut wizard.scroll),
            Self::Palette { .. } | Self::Wizard(_) | Self::Form(_) | Self::Export(_) | Self::Panic(_) => None,
        }
    }
}
