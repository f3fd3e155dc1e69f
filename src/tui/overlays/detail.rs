//! Windows with a text to read: an event, an error, a panic.

use ratatui::layout::Rect;

use crate::{
    engine::report,
    tui::{
        app::{model::Model, msg::PanicReport, overlay::Detail},
        frame::footer,
        glyphs,
        widgets::{
            dialog::{self, Paragraph},
            pen::{Pen, Piece},
        },
    },
};

/// Columns of the windows where the screen has them.
const WIDTH: u16 = 92;

/// A text.
pub fn text(pen: &mut Pen<'_>, screen: Rect, detail: &Detail, model: &Model) {
    let text: Vec<Paragraph> = detail.text.iter().map(|line| vec![(line.clone(), pen.theme.text)]).collect();
    let title = (detail.title.clone(), pen.theme.accent);
    window(pen, screen, (&title, &text, detail.scroll), model);
}

/// A worker's panic: where the migration stands, and that resuming is safe.
pub fn panic(pen: &mut Pen<'_>, screen: Rect, report: &PanicReport, model: &Model) {
    let theme = *pen.theme;
    let mut text: Vec<Paragraph> = vec![
        vec![(format!("{} a part of Quarterdeck failed: {}", glyphs::BROKEN, report.message), theme.danger)],
        vec![(format!("thread {}, {}", report.thread, report.place), theme.dim)],
        Vec::new(),
        vec![(
            "Nothing half-done was committed. The journal knows where the migration stands:".into(),
            theme.text,
        )],
    ];
    let standing = model.status().map(report::summary).unwrap_or_default();
    text.extend(standing.lines().map(|line| vec![(line.to_owned(), theme.strong)]));
    text.push(Vec::new());
    text.push(vec![(
        "Resuming is safe: quit and run it again. Please report this with the log file.".into(),
        theme.text,
    )]);
    let title = ("internal error".to_owned(), theme.danger);
    window(pen, screen, (&title, &text, 0), model);
}

fn window(
    pen: &mut Pen<'_>,
    screen: Rect,
    (title, text, scroll): (&Piece, &[Paragraph], usize),
    model: &Model,
) {
    let width = WIDTH.min(screen.width.saturating_sub(4));
    let wanted = dialog::lines(text, width.saturating_sub(2)).saturating_add(2);
    let height = wanted.clamp(3, screen.height.saturating_sub(2).max(3));
    let inner = dialog::open(pen, screen, (width, height), title);
    dialog::text(pen, inner, text, scroll);
    footer::of_overlay(pen, inner, model);
}
