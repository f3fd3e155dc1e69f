//! The page *retain*: which rows may go, how many these are, and deleting them.

use crate::{
    engine::retain::Wish,
    tui::app::{
        form::{About, Field, Form},
        model::Model,
    },
};

const KEEPS: &str = "are kept";
const REFUSES: &str = "refuse";

/// Nothing may go until somebody says what.
pub fn form() -> Form {
    Form::new(
        About::Retain,
        vec![
            Field::text("rows where", "", "a condition as behind WHERE: processed_at IS NOT NULL"),
            Field::text("older than", "7 days", "7d, \"90 days\", 3 months"),
            Field::text("by column", "", "by which they are old; empty: the condition's, or the only time"),
            Field::choice(
                "unprocessed rows",
                &[KEEPS, "may go"],
                "rows that nobody has processed, as their columns look",
            ),
            Field::choice(
                "without an index",
                &[REFUSES, "read it all"],
                "where none leads to the oldest rows, each batch reads the table from its beginning",
            ),
        ],
    )
}

/// What the form asks for.
pub fn wish(model: &Model) -> Result<Wish, String> {
    let form = model.upkeep.retain.form.clone().unwrap_or_else(form);
    let table = model.upkeep.of.as_ref().ok_or("no table is chosen")?;
    of(&form, table.to_string())
}

/// What a form asks for, or what is wrong with it.
pub fn of(form: &Form, table: String) -> Result<Wish, String> {
    let condition = form.word(0).to_owned();
    if condition.is_empty() {
        return Err("rows where: say which rows may go".into());
    }
    let older_than = form.read(1)?.ok_or("older than: say how old they must be")?;
    Ok(Wish {
        table,
        condition,
        by: Some(form.word(2)).filter(|by| !by.is_empty()).map(str::to_owned),
        older_than,
        takes_unprocessed: form.word(3) != KEEPS,
        may_scan: form.word(4) != REFUSES,
    })
}
