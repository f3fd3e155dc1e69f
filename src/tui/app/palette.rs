//! The palette's rows: every action worth naming, narrowed by what is typed.

use crate::tui::keymap::{Action, Binding, bindings};

/// Actions that the palette offers: those that mean something without a place on screen.
fn offered(action: Action) -> bool {
    match action {
        Action::Show(_)
        | Action::Order(_)
        | Action::Convert
        | Action::Reload
        | Action::Filter
        | Action::Copy
        | Action::Export
        | Action::Help
        | Action::Quit
        | Action::Suspend
        | Action::Options
        | Action::Maintain
        | Action::Retain
        | Action::Lab
        | Action::Install
        | Action::Guide
        | Action::StopWork
        | Action::Freeze
        | Action::Redraw => true,
        Action::NextScreen
        | Action::PreviousScreen
        | Action::NextPage
        | Action::PreviousPage
        | Action::Move(_)
        | Action::NextDifference
        | Action::PreviousDifference
        | Action::Enter
        | Action::Back
        | Action::MoreAhead
        | Action::FewerAhead
        | Action::Toggle
        | Action::Mend
        | Action::Palette
        | Action::Yes
        | Action::No
        | Action::Interrupt => false,
    }
}

/// Rows whose word or sentence has every letter of `query` in order, the best first.
pub fn rows(query: &str) -> Vec<&'static Binding> {
    let mut seen = Vec::new();
    let mut rows = Vec::new();
    for (_, row) in bindings() {
        if !offered(row.action) || seen.contains(&row.action) {
            continue;
        }
        seen.push(row.action);
        if let Some(rank) = rank(row, &query.to_lowercase()) {
            rows.push((rank, row));
        }
    }
    rows.sort_by_key(|(rank, _)| *rank);
    rows.into_iter().map(|(_, row)| row).collect()
}

/// 0 the word begins with it, 1 the word contains it, 2 the sentence contains it, 3 its letters in order.
fn rank(row: &Binding, query: &str) -> Option<u8> {
    if row.word.starts_with(query) {
        Some(0)
    } else if row.word.contains(query) {
        Some(1)
    } else if row.help.to_lowercase().contains(query) {
        Some(2)
    } else {
        let mut letters = row.word.chars();
        query.chars().all(|wanted| letters.any(|have| have == wanted)).then_some(3)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_palette_finds_by_word_sentence_and_letters() {
        let words = |query| rows(query).iter().map(|row| row.word).collect::<Vec<_>>();
        assert_eq!(words("swa")[0], "swap…");
        assert!(words("heat map").contains(&"backfill"));
        assert!(words("rvs").contains(&"reverse…"));
        assert!(words("zzz").is_empty());
        assert!(words("").len() > 20);
    }
}
