//! The words of the commands for tables that are partitioned already. Parses, and does nothing.

use clap::Args as Flags;

/// `quarterdeck health`.
#[derive(Debug, Flags)]
pub struct Health {
    /// The partitioned table; without it all of them
    pub table: Option<String>,
    /// Print as JSON
    #[arg(long)]
    pub json: bool,
}
