//! The words of the commands for tables that are partitioned already. Parses, and does nothing.

use clap::{Args as Flags, Subcommand};

/// `quarterdeck health`.
#[derive(Debug, Flags)]
pub struct Health {
    /// The partitioned table; without it all of them
    pub table: Option<String>,
    /// Print as JSON
    #[arg(long)]
    pub json: bool,
}

/// `quarterdeck ids`.
#[derive(Debug, Flags)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct Ids {
    /// Look at this table's ids, or do one of the things below
    #[command(subcommand)]
    pub doing: Option<IdsCommand>,
    /// The table
    #[arg(required = true)]
    pub table: Option<String>,
    /// The column of the ids [default: the first one of the primary key]
    #[arg(long, value_name = "COLUMN")]
    pub column: Option<String>,
    /// Print as JSON
    #[arg(long)]
    pub json: bool,
}

/// What there is to do about ids, but for looking at a table's.
#[derive(Debug, Subcommand)]
pub enum IdsCommand {
    /// Compare kinds of ids on this server, in scratch tables that are removed: time, WAL, index, lookups
    Lab(Lab),
    /// Make a uuidv7() where the server has none, and the default of a column of it
    Install(InstallIds),
}

/// `quarterdeck ids lab`.
#[derive(Clone, Copy, Debug, Flags)]
pub struct Lab {
    /// Rows of each kind
    #[arg(long, value_name = "N", default_value_t = 200_000, value_parser = clap::value_parser!(u32).range(10_000..=20_000_000))]
    pub rows: u32,
    /// Checkpoints while each kind is inserted, after which whole pages go into WAL; needs the right to CHECKPOINT
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=100))]
    pub checkpoints: u32,
    /// Print as JSON
    #[arg(long)]
    pub json: bool,
}

/// `quarterdeck ids install`.
#[derive(Debug, Flags)]
pub struct InstallIds {
    /// Where to make the function
    #[arg(long, value_name = "SCHEMA", default_value = "public")]
    pub schema: String,
    /// Make it the default of this table's ids, of rows to come
    #[arg(long, value_name = "TABLE")]
    pub default_of: Option<String>,
    /// The column of the ids [default: the first one of the primary key]
    #[arg(long, value_name = "COLUMN", requires = "default_of")]
    pub column: Option<String>,
    /// Print the SQL, and do nothing
    #[arg(long)]
    pub sql: bool,
    /// Milliseconds that one attempt may make writers wait
    #[arg(long, value_name = "MS", default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..=10_000))]
    pub lock_budget: u64,
}
