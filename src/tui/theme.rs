//! What each kind of thing looks like. The terminal's own background stays; only a selected row is tinted.
//!
//! Green means *verified* and nothing else; red means danger and nothing else. No meaning is in colour
//! alone: a sign or a word always says it too, so the mono theme loses nothing.

use ratatui::style::{Color, Modifier, Style};

use crate::tui::glyphs::Glyphs;

/// A choice of colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Palette {
    /// For a dark background.
    Dark,
    /// For a light background.
    Light,
    /// The terminal's brightest colours, bold, nothing dimmed.
    HighContrast,
    /// No colour at all.
    Mono,
}

impl Palette {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Dark, Self::Light, Self::HighContrast, Self::Mono];
}

/// How many colours the terminal has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// The sixteen of the terminal's own scheme.
    Sixteen,
    /// The 256 of xterm.
    Indexed,
    /// 24 bits.
    True,
}

impl Depth {
    /// Reads `COLORTERM` and `TERM`.
    pub fn of(colorterm: Option<&str>, term: Option<&str>) -> Self {
        match (colorterm, term) {
            (Some("truecolor" | "24bit"), _) => Self::True,
            (_, Some(term)) if term.contains("256") || term.contains("kitty") => Self::Indexed,
            _ => Self::Sixteen,
        }
    }
}

/// What a theme was made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Made {
    /// The choice of colours.
    pub palette: Palette,
    /// How many of them the terminal has.
    pub depth: Depth,
    /// The signs.
    pub glyphs: Glyphs,
}

/// Until [`Theme::new`] says what it was made for.
const BARE: Made = Made { palette: Palette::Mono, depth: Depth::Sixteen, glyphs: Glyphs::Unicode };

/// The style of each kind of thing, and the signs to draw with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Theme {
    /// Ordinary text.
    pub text: Style,
    /// What may be overlooked: labels, reasons why a key cannot act.
    pub dim: Style,
    /// What must be found at once.
    pub strong: Style,
    /// Keys, the active tab, titles.
    pub accent: Style,
    /// Frames, dividers, empty parts of bars.
    pub border: Style,
    /// Copied, not verified.
    pub copied: Style,
    /// In a worker's hands.
    pub copying: Style,
    /// Slowed, retried, paused, stale.
    pub warn: Style,
    /// Verified.
    pub verified: Style,
    /// Danger.
    pub danger: Style,
    /// Laid over the selected row.
    pub selected: Style,
    /// What it was made for, the signs among it.
    pub made: Made,
}

impl Theme {
    /// The theme for a palette on a terminal of some depth.
    pub fn new(palette: Palette, depth: Depth, glyphs: Glyphs) -> Self {
        let theme = match (palette, depth) {
            (Palette::Mono, _) => Self::mono(),
            (Palette::HighContrast, _) => Self::high_contrast(),
            (Palette::Dark, Depth::Sixteen) => Self::sixteen_dark(),
            (Palette::Light, Depth::Sixteen) => Self::sixteen_light(),
            (Palette::Dark, Depth::Indexed | Depth::True) => Self::rgb(&DARK, depth),
            (Palette::Light, Depth::Indexed | Depth::True) => Self::rgb(&LIGHT, depth),
        };
        Self { made: Made { palette, depth, glyphs }, ..theme }
    }

    fn rgb(inks: &Inks, depth: Depth) -> Self {
        let ink = |rgb: u32| shade(rgb, depth);
        let fg = |rgb: u32| Style::new().fg(ink(rgb));
        let bold = Modifier::BOLD;
        Self {
            text: Style::new(),
            dim: fg(inks.dim),
            strong: Style::new().add_modifier(bold),
            accent: fg(inks.accent).add_modifier(bold),
            border: fg(inks.border),
            copied: fg(inks.copied),
            copying: fg(inks.copying),
            warn: fg(inks.warn),
            verified: fg(inks.verified),
            danger: fg(inks.danger).add_modifier(bold),
            selected: Style::new().bg(ink(inks.selected)),
            made: BARE,
        }
    }

    fn sixteen_dark() -> Self {
        Self {
            dim: Style::new().fg(Color::DarkGray),
            accent: Style::new().fg(Color::Cyan).add_modifier(Modifier::BOLD),
            border: Style::new().fg(Color::DarkGray),
            copied: Style::new().fg(Color::Blue),
            copying: Style::new().fg(Color::LightCyan),
            warn: Style::new().fg(Color::Yellow),
            verified: Style::new().fg(Color::Green),
            danger: Style::new().fg(Color::LightRed).add_modifier(Modifier::BOLD),
            ..Self::mono()
        }
    }

    fn sixteen_light() -> Self {
        Self {
            accent: Style::new().fg(Color::Blue).add_modifier(Modifier::BOLD),
            copying: Style::new().fg(Color::Cyan),
            // Yellow cannot be read on white.
            warn: Style::new().fg(Color::Magenta),
            danger: Style::new().fg(Color::Red).add_modifier(Modifier::BOLD),
            ..Self::sixteen_dark()
        }
    }

    fn high_contrast() -> Self {
        let loud = |colour| Style::new().fg(colour).add_modifier(Modifier::BOLD);
        Self {
            dim: Style::new(),
            accent: Style::new().add_modifier(Modifier::BOLD | Modifier::UNDERLINED),
            border: Style::new(),
            copied: loud(Color::LightBlue),
            copying: loud(Color::LightCyan),
            warn: loud(Color::LightYellow),
            verified: loud(Color::LightGreen),
            danger: loud(Color::LightRed),
            ..Self::mono()
        }
    }

    fn mono() -> Self {
        let bold = Style::new().add_modifier(Modifier::BOLD);
        Self {
            text: Style::new(),
            dim: Style::new().add_modifier(Modifier::DIM),
            strong: bold,
            accent: bold,
            border: Style::new().add_modifier(Modifier::DIM),
            copied: Style::new(),
            copying: bold,
            warn: Style::new().add_modifier(Modifier::UNDERLINED),
            verified: bold,
            danger: bold.add_modifier(Modifier::UNDERLINED),
            selected: Style::new().add_modifier(Modifier::REVERSED),
            made: BARE,
        }
    }
}

/// Colours of an RGB palette, `0xRRGGBB`.
struct Inks {
    dim: u32,
    accent: u32,
    border: u32,
    copied: u32,
    copying: u32,
    warn: u32,
    verified: u32,
    danger: u32,
    selected: u32,
}

const DARK: Inks = Inks {
    dim: 0x8a_94a6,
    accent: 0x7c_c4ff,
    border: 0x4a_5568,
    copied: 0x4f_8fd9,
    copying: 0x6f_e3f2,
    warn: 0xf2_b84b,
    verified: 0x56_d68a,
    danger: 0xff_6b6b,
    selected: 0x26_3041,
};

const LIGHT: Inks = Inks {
    dim: 0x66_7085,
    accent: 0x0b_5cad,
    border: 0xb3_bccb,
    copied: 0x5b_97d6,
    copying: 0x0a_8ea6,
    warn: 0x9a_6200,
    verified: 0x1a_7f37,
    danger: 0xc8_1e2b,
    selected: 0xe3_eaf5,
};

fn channels(rgb: u32) -> [u8; 3] {
    let [_, r, g, b] = rgb.to_be_bytes();
    [r, g, b]
}

/// `0xRRGGBB`, or what a terminal of 256 colours has that is nearest.
pub(super) fn shade(rgb: u32, depth: Depth) -> Color {
    if depth == Depth::True { true_colour(rgb) } else { nearest(rgb) }
}

fn true_colour(rgb: u32) -> Color {
    let [r, g, b] = channels(rgb);
    Color::Rgb(r, g, b)
}

/// The nearest colour of xterm's cube or grey ramp.
fn nearest(rgb: u32) -> Color {
    const LEVELS: [u8; 6] = [0, 95, 135, 175, 215, 255];
    let wanted = channels(rgb);
    let distance = |have: [u8; 3]| -> u32 {
        have.iter().zip(wanted).map(|(a, b)| u32::from(a.abs_diff(b)).pow(2)).sum()
    };
    let cube = (16_u8..232).map(|i| {
        let level = |n: u8| LEVELS[usize::from(n % 6)];
        let n = i - 16;
        (distance([level(n / 36), level(n / 6), level(n)]), i)
    });
    let greys = (232_u8..=255).map(|i| {
        let grey = 8 + 10 * (i - 232);
        (distance([grey; 3]), i)
    });
    Color::Indexed(cube.chain(greys).min().map_or(7, |(_, index)| index))
}

/// The variable that wants no colours, or tells of a terminal that has none.
pub fn colourless(var: impl Fn(&str) -> Option<String>) -> Option<&'static str> {
    let is_set = var("NO_COLOR").is_some_and(|value| !value.is_empty());
    let dumb = var("TERM").is_some_and(|term| term == "dumb");
    if is_set { Some("NO_COLOR") } else { dumb.then_some("TERM") }
}

/// Whether a background colour is a light one, from the answer to OSC 11: `rgb:ffff/ffff/dddd`.
pub fn is_light(answer: &str) -> Option<bool> {
    let (_, rgb) = answer.split_once("rgb")?;
    let rgb = rgb.trim_start_matches('a').strip_prefix(':')?;
    let mut parts = rgb.split('/').map(|part| {
        let hex: String = part.chars().take_while(char::is_ascii_hexdigit).collect();
        let value = u32::from_str_radix(&hex, 16).ok()?;
        let most = 16_u32.checked_pow(u32::try_from(hex.len()).ok()?)?.checked_sub(1).filter(|n| *n > 0)?;
        Some(f64::from(value) / f64::from(most))
    });
    let (r, g, b) = (parts.next()??, parts.next()??, parts.next()??);
    // Rec. 709 luma: near enough to tell paper from ink.
    Some(0.2126 * r + 0.7152 * g + 0.0722 * b > 0.5)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_theme_paints_the_background_of_ordinary_things() {
        for palette in [Palette::Dark, Palette::Light, Palette::HighContrast, Palette::Mono] {
            for depth in [Depth::Sixteen, Depth::Indexed, Depth::True] {
                let t = Theme::new(palette, depth, Glyphs::Unicode);
                let styles = [t.text, t.dim, t.strong, t.accent, t.border, t.copied, t.copying, t.warn];
                assert!(styles.iter().chain([&t.verified, &t.danger]).all(|style| style.bg.is_none()));
                assert!(t.selected.bg.is_some() || t.selected.add_modifier.contains(Modifier::REVERSED));
            }
        }
    }

    #[test]
    fn mono_has_no_colour() {
        let t = Theme::new(Palette::Mono, Depth::True, Glyphs::Unicode);
        let styles = [t.text, t.dim, t.strong, t.accent, t.border, t.copied, t.copying, t.warn];
        assert!(
            styles
                .iter()
                .chain([&t.verified, &t.danger, &t.selected])
                .all(|s| s.fg.is_none() && s.bg.is_none())
        );
    }

    #[test]
    fn terminals_are_told_apart() {
        assert_eq!(Depth::of(Some("truecolor"), Some("xterm")), Depth::True);
        assert_eq!(Depth::of(None, Some("screen-256color")), Depth::Indexed);
        assert_eq!(Depth::of(None, Some("linux")), Depth::Sixteen);
        assert_eq!(is_light("\x1b]11;rgb:ffff/fdfd/f0f0\x1b\\"), Some(true));
        assert_eq!(is_light("\x1b]11;rgb:1e/1e/2e\x07"), Some(false));
        assert_eq!(is_light("\x1b[?62c"), None);
        assert_eq!(is_light("rgb:/"), None);
        assert_eq!(nearest(0xff_ffff), Color::Indexed(231));
    }
}
