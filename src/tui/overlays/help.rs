//! All keys, by group; those that cannot act now are dim, with the reason; and what the signs mean.

use ratatui::layout::Rect;

use crate::{
    engine::status::ChunkState,
    model::phase::LeafState,
    tui::{
        app::{
            allowed::blocked,
            model::{Model, Screen},
        },
        frame::footer,
        keymap::{Action, Binding, Context, Group, KEYMAP},
        screens,
        theme::Theme,
        widgets::{
            dialog::{self, Paragraph},
            heatmap::{Cell, look},
            pen::Pen,
        },
    },
};

/// Draws it.
pub fn draw(pen: &mut Pen<'_>, screen: Rect, scroll: usize, model: &Model) {
    let theme = *pen.theme;
    let size = (screen.width.saturating_sub(4).min(100), screen.height.saturating_sub(2));
    let inner = dialog::open(pen, screen, size, &("help".into(), theme.accent));
    let mut text = signs(&theme);
    for (group, rows) in KEYMAP {
        text.push(Vec::new());
        text.push(vec![(group.title().into(), theme.accent)]);
        let mut said = Vec::new();
        for row in *rows {
            // A row that stands twice, for lists and for entry lines, is said once.
            if *group == Group::Dialogs || !said.contains(&(row.action, row.help)) {
                said.push((row.action, row.help));
                text.push(line(&theme, *group, row, model));
            }
        }
    }
    dialog::text(pen, inner, &text, scroll);
    footer::of_overlay(pen, inner, model);
}

fn line(theme: &Theme, group: Group, row: &Binding, model: &Model) -> Paragraph {
    let keys = format!("  {:12}", row.strokes_text());
    // Inside a dialog other rules count: help is open over a screen.
    let reason = if group == Group::Dialogs {
        None
    } else {
        elsewhere(row, model).or_else(|| reason(row.action, model))
    };
    match reason {
        None => vec![(keys, theme.strong), (row.help.into(), theme.text)],
        Some(reason) => vec![(keys, theme.dim), (format!("{} ({reason})", row.help), theme.dim)],
    }
}

/// The key counts on other screens than the one under the help.
fn elsewhere(row: &Binding, model: &Model) -> Option<String> {
    if row.contexts.contains(&Context::On(model.screen)) {
        return None;
    }
    let screens =
        Screen::ALL.iter().enumerate().filter(|(_, screen)| row.contexts.contains(&Context::On(**screen)));
    let digits: Vec<_> = screens.map(|(digit, _)| digit.to_string()).collect();
    match digits.as_slice() {
        [] => None,
        [digit] => Some(format!("on screen {digit}")),
        many => Some(format!("on screens {}", many.join(" "))),
    }
}

/// Why an action cannot act on the screen under the help.
fn reason(action: Action, model: &Model) -> Option<String> {
    let mut below = model.clone();
    below.overlays.clear();
    blocked(action, &below).map(|blocked| blocked.reason)
}

fn signs(theme: &Theme) -> Vec<Paragraph> {
    let mut chunks: Paragraph = vec![("  heat map  ".into(), theme.dim)];
    for (state, says) in [
        (ChunkState::Pending, "pending"),
        (ChunkState::Copying, "in hand"),
        (ChunkState::Copied, "copied"),
        (ChunkState::Retried, "retried"),
        (ChunkState::Failed, "failed"),
    ] {
        let (sign, style) = look(Cell::All(state), theme, theme.copied);
        chunks.extend([(format!("{sign} "), style), (format!("{says}  "), theme.text)]);
    }
    chunks.push(("▄ part".into(), theme.text));
    let mut paragraphs = vec![vec![("signs".into(), theme.accent)], chunks];
    for (at, states) in LeafState::ALL.chunks(3).enumerate() {
        let label = if at == 0 { "  periods   " } else { "            " };
        let mut leaves: Paragraph = vec![(label.into(), theme.dim)];
        for state in states {
            let (text, style) = screens::leaf_state(*state, theme);
            leaves.push((format!("{text}  "), style));
        }
        leaves.push((String::new(), theme.text));
        paragraphs.push(leaves);
    }
    paragraphs
}
