//! Statements as paragraphs, each label once where several statements share it.

use crate::{
    model::plan::Statement,
    tui::{
        overlays::confirm::{heading, sentence},
        theme::Theme,
        widgets::dialog::Paragraph,
    },
};

/// Adds the statements under a heading.
pub fn add(text: &mut Vec<Paragraph>, theme: &Theme, statements: &[Statement]) {
    if statements.is_empty() {
        return;
    }
    text.extend([Vec::new(), heading(theme, "SQL")]);
    let mut label = None;
    for statement in statements {
        if label != Some(&statement.label) {
            text.push(sentence(theme.dim, format!("-- {}", statement.label)));
            label = Some(&statement.label);
        }
        text.push(sentence(theme.text, format!("{};", statement.sql.trim_end().trim_end_matches(';'))));
    }
}
