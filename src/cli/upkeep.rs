//! The words of the commands for tables that are partitioned already. Parses, and does nothing.

use std::path::{Path, PathBuf};

use clap::{Args as Flags, Subcommand, ValueEnum};

use crate::{
    cli::{args::PlanFlags, values},
    error::{Error, Result},
    model::{
        calendar::Zone,
        clock::Clock,
        maintenance::{Age, OnExpiry},
        period::Every,
        throttle::Setting,
    },
};

/// `--premake` where nothing is said.
pub(super) const PREMAKE: u32 = 2;

/// `quarterdeck config`.
#[derive(Debug, Flags)]
pub struct ConfigWords {
    /// What to show; the settings where nothing is said.
    #[command(subcommand)]
    pub doing: Option<ConfigCommand>,
}

/// What there is to know about the settings.
#[derive(Clone, Copy, Debug, Subcommand)]
pub enum ConfigCommand {
    /// Print the settings that hold, as a file of settings; so does `config` alone
    Print,
    /// Print where the file is, or would be
    Path,
}

/// `quarterdeck health`.
#[derive(Debug, Flags)]
pub struct Health {
    /// The partitioned table; without it all of them
    pub table: Option<String>,
    /// Print as JSON
    #[arg(long)]
    pub json: bool,
}

/// `quarterdeck report`.
#[derive(Debug, Flags)]
pub struct Report {
    /// The table
    pub table: String,
    /// As JSON instead of Markdown
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
    /// Milliseconds that one attempt may make writers wait [default: 100]
    #[arg(long, value_name = "MS", value_parser = clap::value_parser!(u64).range(1..=10_000))]
    pub lock_budget: Option<u64>,
}

/// `quarterdeck maintain`.
#[derive(Debug, Flags)]
pub struct Maintain {
    /// The partitioned table
    pub table: String,
    /// Whole periods kept ready after the one of now [default: 2]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(values::PREMAKE_BOUNDS))]
    pub premake: Option<u32>,
    /// Partitions that end before so long ago have had their time: 24 months, 90 days, 2 years
    #[arg(long, value_name = "AGE", num_args = 1..=2)]
    retain: Vec<String>,
    /// What becomes of them [default: detach]
    #[arg(long, value_name = "FATE", requires = "retain", value_parser = values::on_expiry())]
    on_expiry: Option<OnExpiry>,
    /// Where archives go: NAME.copy.gz, as COPY writes it, and NAME.json, which says what is in it
    #[arg(long, value_name = "FOLDER")]
    pub archive_dir: Option<PathBuf>,
    /// The length of a period [default: that of the newest partition]
    #[arg(long, value_name = "PERIOD", value_parser = values::every())]
    pub every: Option<Every>,
    /// The time zone at whose midnight a period begins [default: the migration's, else UTC]
    #[arg(long, value_name = "ZONE")]
    pub time_zone: Option<Zone>,
    /// How the partition column tells the time, where it is a bigint; see `quarterdeck plan --help` [default: the migration's]
    #[arg(long, value_name = "CLOCK")]
    pub clock: Option<Clock>,
    /// Milliseconds that one attempt may make others wait [default: 100]
    #[arg(long, value_name = "MS", value_parser = clap::value_parser!(u64).range(1..=10_000))]
    pub lock_budget: Option<u64>,
    /// Say what is due, and do nothing; the exit code is 7 where something is
    #[arg(long)]
    pub dry_run: bool,
    /// Print as JSON
    #[arg(long)]
    pub json: bool,
}

impl Maintain {
    /// What clap cannot say.
    pub fn check(&self) -> Result<()> {
        let usage =
            |reason: &str, remedy: &str| Err(Error::Usage { reason: reason.into(), remedy: remedy.into() });
        self.retain()?;
        match (self.on_expiry(), &self.archive_dir) {
            (OnExpiry::Archive, None) => usage("nobody says where archives go", "add --archive-dir FOLDER"),
            (OnExpiry::Detach | OnExpiry::Drop, Some(_)) => {
                usage("--archive-dir says where archives go, and there are none", "add --on-expiry archive")
            }
            (OnExpiry::Archive, Some(folder)) => is_folder(folder),
            (OnExpiry::Detach | OnExpiry::Drop, None) => Ok(()),
        }
    }

    /// How long partitions are kept; for ever where nothing is said.
    pub fn retain(&self) -> Result<Option<Age>> {
        if self.retain.is_empty() {
            return Ok(None);
        }
        let age = self.retain.join(" ").parse().map_err(|remedy| Error::Usage {
            reason: format!("--retain {:?} is no length of time", self.retain.join(" ")),
            remedy,
        })?;
        Ok(Some(age))
    }

    /// Whole periods kept ready after the one of now.
    pub fn premake(&self) -> u32 {
        self.premake.unwrap_or(PREMAKE)
    }

    /// What becomes of expired partitions.
    pub fn on_expiry(&self) -> OnExpiry {
        self.on_expiry.unwrap_or_default()
    }
}

/// Archives go where somebody has made room for them.
pub(super) fn is_folder(folder: &Path) -> Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    Err(Error::Usage {
        reason: format!("{} is no folder", folder.display()),
        remedy: "make it first: archives are not put where nobody looks for them".into(),
    })
}

/// `quarterdeck audit`.
#[derive(Debug, Flags)]
pub struct Audit {
    /// The table, partitioned or not yet
    pub table: String,
    /// Read statements from this file instead of pg_stat_statements; a line `-- $1 = 'value'` before one says what its
    /// parameter is like
    #[arg(long, value_name = "FILE")]
    pub queries: Option<PathBuf>,
    /// Statements to show
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=500))]
    pub top: u16,
    /// Print how a program in this language works with the partitioned table, and nothing else
    #[arg(long, value_enum, value_name = "LANGUAGE", conflicts_with_all = ["queries", "json"])]
    pub guide: Option<Guide>,
    /// Decisions about a table that is not partitioned yet.
    #[command(flatten)]
    pub plan: PlanFlags,
    /// Print as JSON
    #[arg(long)]
    pub json: bool,
}

/// What a guide is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Guide {
    /// Python's SQLAlchemy
    Sqlalchemy,
    /// Go's database/sql and pgx
    Go,
}

/// `quarterdeck retain`.
#[expect(clippy::struct_excessive_bools, reason = "four flags, which hang on nothing else")]
#[derive(Debug, Flags)]
#[command(after_help = RETAIN)]
pub struct Retain {
    /// The table
    pub table: String,
    /// Which rows may go, as behind WHERE
    #[arg(long = "where", value_name = "CONDITION")]
    pub condition: String,
    /// How old they must be: 7d, "7 days", 3 months
    #[arg(long, value_name = "AGE", num_args = 1..=2, required = true)]
    older_than: Vec<String>,
    /// The column by which they are old [default: that of `COLUMN IS NOT NULL` in the condition, or the only time that is
    /// never null]
    #[arg(long, value_name = "COLUMN")]
    pub by: Option<String>,
    /// Let rows go that nobody has processed, as their columns look
    #[arg(long)]
    pub even_unprocessed: bool,
    /// Go on without an index that leads to the oldest rows
    #[arg(long)]
    pub full_scan: bool,
    /// Slow or hold the work by a signal; once for each. See `quarterdeck tune --help`
    #[arg(long, value_name = "SIGNAL=LIMIT")]
    pub limit: Vec<Setting>,
    /// Count what would go, and change nothing; the exit code is 7 where something would
    #[arg(long)]
    pub dry_run: bool,
    /// Print as JSON
    #[arg(long)]
    pub json: bool,
}

const RETAIN: &str = "\
Example: quarterdeck retain event_outbox --where 'processed_at IS NOT NULL' --older-than 7d

Ctrl-C ends it after the batch in hand; the next run goes on.";

impl Retain {
    /// How old rows must be.
    pub fn older_than(&self) -> Result<Age> {
        let text = self.older_than.join(" ");
        text.parse().map_err(|remedy| Error::Usage {
            reason: format!("--older-than {text:?} is no length of time"),
            remedy,
        })
    }
}
