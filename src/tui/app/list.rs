//! A cursor over a list that may be narrowed, and a value that may still be loading.

use crate::error::Report;

/// The cursor of one list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct List {
    /// The selected row among those shown.
    pub selected: usize,
    /// Only rows that contain this, in any case, are shown.
    pub filter: String,
}

impl List {
    /// Whether a row with this text is shown.
    pub fn shows(&self, text: &str) -> bool {
        self.filter.is_empty() || text.to_lowercase().contains(&self.filter.to_lowercase())
    }

    /// Moves by `rows`, staying inside `len`.
    pub fn step(&mut self, rows: isize, len: usize) {
        self.selected = self.selected.saturating_add_signed(rows).min(len.saturating_sub(1));
    }

    /// The selected row, kept inside `len`; `None` in an empty list.
    pub fn at(&self, len: usize) -> Option<usize> {
        (len > 0).then(|| self.selected.min(len - 1))
    }
}

/// The first row to draw so that `selected` is seen, in the middle where possible.
pub fn first_shown(selected: usize, len: usize, height: usize) -> usize {
    selected.saturating_sub(height / 2).min(len.saturating_sub(height))
}

/// Something asked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Load<T> {
    /// Not asked for.
    #[default]
    Nothing,
    /// On its way.
    Loading,
    /// Here.
    Ready(T),
    /// It cannot be had.
    Failed(Report),
}

impl<T> Load<T> {
    /// The value, if it is here.
    pub fn ready(&self) -> Option<&T> {
        match self {
            Self::Ready(value) => Some(value),
            Self::Nothing | Self::Loading | Self::Failed(_) => None,
        }
    }
}

impl<T> From<Result<T, Report>> for Load<T> {
    fn from(result: Result<T, Report>) -> Self {
        result.map_or_else(Self::Failed, Self::Ready)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cursor_stays_inside_and_in_sight() {
        let mut list = List::default();
        list.step(-1, 0);
        assert_eq!((list.selected, list.at(0)), (0, None));
        list.step(7, 5);
        assert_eq!(list.at(5), Some(4));
        assert_eq!(list.at(2), Some(1), "the list shrank");
        for selected in 0..40 {
            let first = first_shown(selected, 40, 9);
            assert!(first <= selected && selected < first + 9 && first + 9 <= 40);
        }
        assert_eq!(first_shown(3, 4, 9), 0);
    }
}
