//! Every sign the console draws that is not a letter, and its ASCII stand-in.
//!
//! Screens draw the Unicode signs. With `--ascii` the finished picture is passed through [`ascii`], one
//! column for one column, so no screen knows of it and nothing beyond ASCII can slip through.

use ratatui::buffer::Buffer;

use crate::{
    engine::status::{ChunkState, SignalState},
    model::phase::{LeafState, State},
};

/// Which signs the terminal can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Glyphs {
    /// Box drawing, blocks and arrows; all of one column.
    #[default]
    Unicode,
    /// Nothing beyond ASCII.
    Ascii,
}

/// In front of the selected row.
pub const SELECTED: &str = "▸";
/// Something that holds.
pub const HOLDS: &str = "✓";
/// Something that does not hold.
pub const BROKEN: &str = "✗";
/// A warning.
pub const WARNING: &str = "!";
/// The text cursor of an entry line.
pub const CURSOR: &str = "▏";
/// Eight heights, for sparklines and partly filled cells.
pub const HEIGHTS: [&str; 8] = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];
/// Eight widths, for the end of a bar.
pub const WIDTHS: [&str; 8] = ["▏", "▎", "▍", "▌", "▋", "▊", "▉", "█"];

/// The sign of a migration's state.
pub fn state(state: State) -> &'static str {
    match state {
        State::Running => "▶",
        State::Paused => "‖",
        State::Stopped => "■",
        State::Failed => BROKEN,
        State::Unknown => "?",
    }
}

/// The sign of a leaf's state.
pub fn leaf(state: LeafState) -> &'static str {
    match state {
        LeafState::Pending => "·",
        LeafState::Copying => "▶",
        LeafState::Copied => "▪",
        LeafState::Sealed => "◆",
        LeafState::Verified => HOLDS,
        LeafState::Differs => BROKEN,
    }
}

/// The sign of a chunk on the heat map.
pub fn chunk(state: ChunkState) -> &'static str {
    match state {
        ChunkState::Pending => "·",
        ChunkState::Copying => "▒",
        ChunkState::Copied => "█",
        ChunkState::Retried => "▓",
        ChunkState::Failed => "X",
    }
}

/// The word for what a throttling signal does.
pub fn signal(state: SignalState) -> &'static str {
    match state {
        SignalState::Ok => "ok",
        SignalState::Slow | SignalState::Stale => "slowed",
        SignalState::Stop => "held",
    }
}

/// The one ASCII character that stands for `symbol`.
pub fn ascii(symbol: &str) -> &'static str {
    const PAIRS: &[(&str, &str)] = &[
        ("─━┄╌", "-"),
        ("│┃╎▏", "|"),
        ("╭╮╰╯├┤┬┴┼└┌┐┘", "+"),
        ("▸▶→›", ">"),
        ("◂←‹", "<"),
        ("↑", "^"),
        ("↓✓", "v"),
        ("‖≡", "="),
        ("■█", "#"),
        ("▪", "o"),
        ("◆", "*"),
        ("✗", "x"),
        ("×", "x"),
        ("·", "."),
        ("▒", "%"),
        ("▓", "@"),
        ("▁▂", "_"),
        ("▃▄", "-"),
        ("▅▆", "="),
        ("▇", "+"),
        ("▎▍", ":"),
        ("▌▋", "+"),
        ("▊▉", "#"),
        ("…≈", "~"),
        ("–—−", "-"),
        ("≤", "<"),
        ("≥", ">"),
        ("Δ", "d"),
        ("Σ", "S"),
    ];
    PAIRS.iter().find(|(signs, _)| signs.contains(symbol)).map_or("?", |(_, stand_in)| stand_in)
}

/// Replaces everything beyond ASCII in a finished picture, one column for one column.
pub fn flatten(buffer: &mut Buffer) {
    for cell in &mut buffer.content {
        if !cell.symbol().is_ascii() {
            cell.set_symbol(ascii(cell.symbol()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sign_has_one_column_and_a_stand_in_of_its_own_kind() {
        let states = [
            ChunkState::Pending,
            ChunkState::Copying,
            ChunkState::Copied,
            ChunkState::Retried,
            ChunkState::Failed,
        ];
        let plain = |sign: &'static str| if sign.is_ascii() { sign } else { ascii(sign) };
        let mut seen: Vec<_> = states.map(chunk).map(plain).into();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), states.len(), "the heat map must stay readable in ASCII");
        for sign in HEIGHTS.iter().chain(&WIDTHS).chain(&[SELECTED, HOLDS, BROKEN, CURSOR]) {
            assert_eq!(unicode_width::UnicodeWidthStr::width(*sign), 1, "{sign}");
            assert_ne!(ascii(sign), "?", "{sign}");
        }
        for sign in LeafState::ALL.map(leaf) {
            assert_ne!(plain(sign), "?", "{sign}");
        }
    }
}
