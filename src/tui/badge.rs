//! The operator's own word for a server, `PROD`, and the colour that goes with it.
//!
//! The colour repeats the word and never replaces it: where there are no colours the word is reversed all the same. Green
//! is not among the colours, since it means *verified*; red means danger, here as everywhere.

use ratatui::style::{Color, Modifier, Style};

use crate::tui::theme::{Depth, Palette, Theme, shade};

/// A server's label.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// In a word.
    pub word: String,
    /// What colour it has; danger's where nothing is said.
    pub tint: Tint,
}

impl From<&str> for Label {
    fn from(word: &str) -> Self {
        Self { word: word.into(), tint: Tint::default() }
    }
}

/// The colour of a label.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tint {
    /// Danger's.
    #[default]
    Red,
    /// The warnings'.
    Yellow,
    /// Nothing else has it.
    Magenta,
    /// That of what is copied.
    Blue,
    /// That of what is being copied.
    Cyan,
}

impl Tint {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Red, Self::Yellow, Self::Magenta, Self::Blue, Self::Cyan];

    /// As it is written.
    pub fn word(self) -> &'static str {
        match self {
            Self::Red => "red",
            Self::Yellow => "yellow",
            Self::Magenta => "magenta",
            Self::Blue => "blue",
            Self::Cyan => "cyan",
        }
    }

    /// How a label of this colour is drawn: reversed, so that it is a label without colours too.
    pub fn style(self, theme: &Theme) -> Style {
        let loud = Modifier::REVERSED | Modifier::BOLD;
        let reversed = |ink| Style::new().fg(ink).add_modifier(loud);
        let made = theme.made;
        match (made.palette, made.depth) {
            (Palette::Mono, _) => Style::new().add_modifier(loud),
            _ if self == Self::Red => theme.danger.add_modifier(loud),
            (Palette::Dark, Depth::Indexed | Depth::True) => reversed(shade(self.on_dark(), made.depth)),
            (Palette::Light, Depth::Indexed | Depth::True) => reversed(shade(self.on_light(), made.depth)),
            // White on yellow cannot be read.
            (Palette::Light, Depth::Sixteen) if self == Self::Yellow => {
                reversed(Color::Yellow).bg(Color::Black)
            }
            (Palette::Light, Depth::Sixteen) => reversed(self.plain()),
            (Palette::Dark, Depth::Sixteen) | (Palette::HighContrast, _) => reversed(self.bright()),
        }
    }

    fn on_dark(self) -> u32 {
        match self {
            Self::Red => 0xff_6b6b,
            Self::Yellow => 0xf2_b84b,
            Self::Magenta => 0xd9_9bff,
            Self::Blue => 0x7a_a7ff,
            Self::Cyan => 0x6f_e3f2,
        }
    }

    fn on_light(self) -> u32 {
        match self {
            Self::Red => 0xc8_1e2b,
            Self::Yellow => 0x9a_6200,
            Self::Magenta => 0x8a_2fb8,
            Self::Blue => 0x0b_5cad,
            Self::Cyan => 0x0a_6e82,
        }
    }

    fn plain(self) -> Color {
        match self {
            Self::Red => Color::Red,
            Self::Yellow => Color::Yellow,
            Self::Magenta => Color::Magenta,
            Self::Blue => Color::Blue,
            Self::Cyan => Color::Cyan,
        }
    }

    fn bright(self) -> Color {
        match self {
            Self::Red => Color::LightRed,
            Self::Yellow => Color::LightYellow,
            Self::Magenta => Color::LightMagenta,
            Self::Blue => Color::LightBlue,
            Self::Cyan => Color::LightCyan,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::glyphs::Glyphs;

    #[test]
    fn a_label_is_reversed_in_every_theme_and_has_no_colour_where_there_is_none() {
        for palette in Palette::ALL {
            for depth in [Depth::Sixteen, Depth::Indexed, Depth::True] {
                let theme = Theme::new(palette, depth, Glyphs::Unicode);
                let styles = Tint::ALL.map(|tint| tint.style(&theme));
                assert!(styles.iter().all(|style| style.add_modifier.contains(Modifier::REVERSED)));
                let mono = palette == Palette::Mono;
                assert!(styles.iter().all(|style| style.fg.is_none() == mono), "{palette:?} {depth:?}");
                let distinct = (1..styles.len()).all(|n| !styles[..n].contains(&styles[n]));
                assert!(mono || distinct, "{palette:?} {depth:?}: {styles:?}");
            }
        }
    }

    #[test]
    fn no_label_looks_verified() {
        for palette in [Palette::Dark, Palette::Light, Palette::HighContrast] {
            for depth in [Depth::Sixteen, Depth::Indexed, Depth::True] {
                let theme = Theme::new(palette, depth, Glyphs::Unicode);
                assert!(Tint::ALL.iter().all(|tint| tint.style(&theme).fg != theme.verified.fg));
            }
        }
    }
}
