//! The flags that every command takes. Parses, and does nothing.

use std::path::PathBuf;

use clap::Args as Flags;

use crate::{cli::values, tui::theme::Palette};

/// Flags that every command takes.
#[derive(Debug, Flags)]
#[command(next_help_heading = "Options of every command")]
pub struct Everywhere {
    /// Where to connect: postgres://user@host:5432/database or "host=… dbname=…"
    #[arg(long, global = true, value_name = "CONN", value_parser = values::connection_string)]
    pub conn: Option<String>,
    /// Read the settings there instead of config.toml in the configuration folder; see `quarterdeck config --help`
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Write the log there instead of quarterdeck.log in the state folder
    #[arg(long, global = true, value_name = "FILE")]
    pub log_file: Option<PathBuf>,
    /// Colours of the console; auto asks NO_COLOR and the terminal's background [default: auto]
    #[arg(long, global = true, value_name = "THEME", value_parser = values::theme())]
    pub theme: Option<Theme>,
    /// Draw the console with ASCII characters only; `--ascii=false` where a file says otherwise
    #[arg(long, global = true, value_name = "BOOL", num_args = 0..=1, require_equals = true)]
    #[arg(default_missing_value = "true", hide_possible_values = true)]
    pub ascii: Option<bool>,
    /// Show this beside the server's name in the console, PROD for example
    #[arg(long, global = true, value_name = "TEXT")]
    pub label: Option<String>,
}

/// Which colours the console has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Theme {
    /// By NO_COLOR and the terminal's background.
    Auto,
    /// For a dark background.
    Dark,
    /// For a light background.
    Light,
    /// The terminal's brightest colours, bold, nothing dimmed.
    HighContrast,
    /// No colour at all.
    Mono,
}

impl Theme {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Auto, Self::Dark, Self::Light, Self::HighContrast, Self::Mono];

    /// The palette that is meant; `None` where environment and terminal are asked.
    pub fn palette(self) -> Option<Palette> {
        match self {
            Self::Auto => None,
            Self::Dark => Some(Palette::Dark),
            Self::Light => Some(Palette::Light),
            Self::HighContrast => Some(Palette::HighContrast),
            Self::Mono => Some(Palette::Mono),
        }
    }

    /// As it is written.
    pub fn word(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Dark => "dark",
            Self::Light => "light",
            Self::HighContrast => "high-contrast",
            Self::Mono => "mono",
        }
    }
}
