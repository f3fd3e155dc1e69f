//! A few values to be filled in before something is looked at or done: a row each, typed or chosen.
//!
//! A form knows no meaning: who opened it reads it, and says what is wrong with it.

use crate::tui::app::{model::Model, overlay::Overlay};

/// What a form is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    /// What is kept of a partitioned table.
    Maintain,
    /// Which rows are let go.
    Retain,
    /// How the lab measures.
    Lab,
    /// Where `uuidv7()` is made.
    Install,
}

/// A form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Form {
    /// What it is for.
    pub about: About,
    /// Its rows.
    pub fields: Vec<Field>,
    /// The selected row.
    pub selected: usize,
}

/// A row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// What it is called.
    pub name: &'static str,
    /// What is in it.
    pub value: Value,
    /// What it means, and what an empty one means.
    pub hint: &'static str,
}

/// What a row holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// Typed.
    Text(String),
    /// One of several words.
    Choice {
        /// Which of them.
        at: usize,
        /// All of them.
        of: Vec<&'static str>,
    },
}

impl Field {
    /// A row that is typed.
    pub fn text(name: &'static str, value: &str, hint: &'static str) -> Self {
        Self { name, value: Value::Text(value.to_owned()), hint }
    }

    /// A row that is chosen; the first word at first.
    pub fn choice(name: &'static str, of: &[&'static str], hint: &'static str) -> Self {
        Self { name, value: Value::Choice { at: 0, of: of.to_vec() }, hint }
    }
}

impl Form {
    /// A form with its first row selected.
    pub fn new(about: About, fields: Vec<Field>) -> Self {
        Self { about, fields, selected: 0 }
    }

    /// What a row says, without blanks around it.
    pub fn word(&self, row: usize) -> &str {
        match self.fields.get(row).map(|field| &field.value) {
            Some(Value::Text(text)) => text.trim(),
            Some(Value::Choice { at, of }) => of[*at],
            None => "",
        }
    }

    /// The same read as something; nothing where it is empty.
    pub fn read<T: std::str::FromStr<Err = String>>(&self, row: usize) -> Result<Option<T>, String> {
        let word = self.word(row);
        let told = |why: String| format!("{}: {why}", self.fields[row].name);
        if word.is_empty() { Ok(None) } else { word.parse().map(Some).map_err(told) }
    }

    /// The same read as a whole number that is in a range.
    pub fn number(&self, row: usize, range: std::ops::RangeInclusive<u32>) -> Result<u32, String> {
        let number = self.word(row).parse().ok().filter(|number| range.contains(number));
        number.ok_or_else(|| {
            format!("{}: write a number from {} to {}", self.fields[row].name, range.start(), range.end())
        })
    }

    /// The selected row is chosen, and not typed.
    pub fn chooses(&self) -> bool {
        matches!(self.fields.get(self.selected), Some(Field { value: Value::Choice { .. }, .. }))
    }

    /// The line that is being typed into.
    pub fn entry(&mut self) -> Option<&mut String> {
        match &mut self.fields.get_mut(self.selected)?.value {
            Value::Text(text) => Some(text),
            Value::Choice { .. } => None,
        }
    }

    /// The next word of the selected row.
    pub fn change(&mut self) {
        if let Some(Field { value: Value::Choice { at, of }, .. }) = self.fields.get_mut(self.selected) {
            *at = (*at + 1) % of.len();
        }
    }
}

/// The form in front.
pub fn in_front(model: &Model) -> Option<&Form> {
    match model.overlays.last() {
        Some(Overlay::Form(form)) => Some(form),
        Some(
            Overlay::Help { .. }
            | Overlay::Palette { .. }
            | Overlay::Ask(_)
            | Overlay::Wizard(_)
            | Overlay::Detail(_)
            | Overlay::Row(_)
            | Overlay::Export(_)
            | Overlay::Panic(_),
        )
        | None => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_reads_what_is_typed_and_chosen() {
        let fields = vec![
            Field::text("periods ahead", " 3 ", ""),
            Field::choice("then", &["detach", "drop"], ""),
            Field::text("period", "", ""),
        ];
        let mut form = Form::new(About::Maintain, fields);
        assert_eq!((form.number(0, 0..=120), form.word(1)), (Ok(3), "detach"));
        assert_eq!(form.number(0, 5..=9), Err("periods ahead: write a number from 5 to 9".into()));
        assert_eq!(form.read::<crate::model::period::Every>(2), Ok(None));
        assert!(form.entry().is_some() && !form.chooses());
        form.selected = 1;
        form.change();
        assert!(form.entry().is_none() && form.chooses());
        assert_eq!(form.word(1), "drop");
        form.change();
        assert_eq!(form.word(1), "detach");
    }
}
