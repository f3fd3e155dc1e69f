//! The flags that every command takes. Parses, and does nothing.

use std::path::PathBuf;

use clap::Args as Flags;

use crate::cli::values;

/// Flags that every command takes.
#[derive(Debug, Flags)]
#[command(next_help_heading = "Options of every command")]
pub struct Everywhere {
    /// Where to connect: postgres://user@host:5432/database or "host=… dbname=…"
    #[arg(long, global = true, value_name = "CONN", value_parser = values::connection_string)]
    pub conn: Option<String>,
    /// Write the log there instead of quarterdeck.log in the state folder
    #[arg(long, global = true, value_name = "FILE")]
    pub log_file: Option<PathBuf>,
    /// Draw the console with ASCII characters only
    #[arg(long, global = true)]
    pub ascii: bool,
    /// Show this beside the server's name in the console, PROD for example
    #[arg(long, global = true, value_name = "TEXT")]
    pub label: Option<String>,
}
