//! The words of the command line: a contract that scripts rely on. Parses, and does nothing.
//!
//! What clap cannot say by itself (a positional CONN beside a command, `--yes` repeating the table) is in
//! [`Args::check`], so that everything that parses and checks is well-formed.

use std::{path::PathBuf, time::Duration};

use clap::{Args as Flags, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

use crate::{
    cli::{
        config::Config,
        everywhere::Everywhere,
        manner::Limits,
        upkeep::{Audit, ConfigWords, Health, Ids, Maintain, Report, Retain},
        values,
    },
    error::{Error, Result},
    model::{
        calendar::Zone,
        clock::Clock,
        history::History,
        incoming::{Choice, Incoming, IncomingKey},
        opening::Opening,
        period::Every,
        plan::Request,
        scheme::Scheme,
        strategy::Strategy,
        throttle::Setting,
    },
    pg::Target,
    tui::badge::Label,
};

/// Turn one big, live PostgreSQL table into a range-partitioned one, and keep a way back
#[derive(Debug, Parser)]
#[command(name = "quarterdeck", version, max_term_width = 100, override_usage = USAGE, after_help = AFTER_HELP)]
pub struct Args {
    /// Where to connect; contains :// or =, so that a mistyped command never connects
    #[arg(value_name = "CONN", value_parser = values::connection_string)]
    positional: Option<String>,
    /// Flags that every command takes.
    #[command(flatten)]
    pub everywhere: Everywhere,
    /// Open a console that changes nothing: it looks, watches migrations and takes none on; its sessions only read
    #[arg(long)]
    pub watch: bool,
    /// What the settings' file says.
    #[arg(skip)]
    pub config: Config,
    /// What to do; without a command, the console opens.
    #[command(subcommand)]
    pub command: Option<Command>,
}

const USAGE: &str = "quarterdeck [OPTIONS] [CONN]\n       quarterdeck <COMMAND> [OPTIONS]";
const AFTER_HELP: &str = "\
Without a command the console opens. Without CONN, libpq's conventions hold: PGHOST, PGPORT, PGUSER,
PGPASSWORD, PGDATABASE, PGSSLMODE, PGSERVICE, ~/.pgpass, …; GSSAPI is not spoken.

Exit codes: 0 done · 1 failed, state safe, resumable · 2 usage · 3 refused · 4 differences found ·
5 stopped or paused by the operator · 6 outcome unknown · 7 work is due (`--dry-run`) ·
129, 130, 143 the console was left at the third SIGHUP, Ctrl-C or SIGTERM, waiting for nothing";

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Try it all on a throw-away server with live traffic
    Demo(Demo),
    /// Show what a run would do, with its SQL, its locks and its cost; changes nothing
    Plan(PlanCommand),
    /// Convert a table, or watch the process that does
    Run(Run),
    /// Show where migrations stand, from any terminal on any machine
    Status(Status),
    /// Show the sessions that hold up the swap, or cancel one of them
    Blockers(Blockers),
    /// Finish the chunks in hand, then wait until `resume`
    Pause(OneTable),
    /// Go on after `pause`
    Resume(OneTable),
    /// Show the signals that slow or hold the work, or change their limits while it runs
    #[command(after_help = SIGNALS)]
    Tune(Tune),
    /// Compare source and twin, row by row, under live writes
    Verify(OneTable),
    /// Copy the differing rows again, then verify
    Repair(OneTable),
    /// Exchange the names: the partitioned table takes over
    Swap(Swap),
    /// Give the old table its name back, with every later write in it
    Reverse(Reverse),
    /// Remove everything of ours before the swap; the source stays as it was
    Abort(Confirmed),
    /// End the reverse window: no way back after it; the old table is kept, or dropped
    Finish(Finish),
    /// Look at a partitioned table, whoever made it: what is missing, what will run out, what wants doing
    Health(Health),
    /// Make partitions ahead, move rows out of DEFAULT, detach, drop or archive what has had its time; for cron
    Maintain(Maintain),
    /// Delete old rows in small batches that make way for everybody: the retention of an outbox
    Retain(Retain),
    /// Find the statements that reach every partition of a table, or fail on it, and how to write them instead
    Audit(Audit),
    /// Look at a table's ids; compare kinds of ids on this server; make a uuidv7()
    Ids(Ids),
    /// Write down what was done and found, as Markdown or JSON
    Report(Report),
    /// Say what a finding such as QD-024 means, why it matters and what to do; alone, list all of them
    Explain(Explain),
    /// Show the settings that hold and where each comes from, or where their file is
    #[command(after_help = CONFIG)]
    Config(ConfigWords),
    /// Print the completions of a shell
    Completions {
        /// Which shell
        shell: Shell,
    },
    /// Print the manual page
    Man,
}

/// `quarterdeck demo`.
#[derive(Debug, Flags)]
pub struct Demo {
    /// Chat messages to begin with
    #[arg(long, value_name = "N", default_value_t = 200_000, value_parser = clap::value_parser!(u32).range(1_000..=50_000_000))]
    pub rows: u32,
    /// Application transactions per second
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u32).range(0..=10_000))]
    pub tps: u32,
    /// Makes the same data and traffic again
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u32,
    /// Leave the server running, and say how to stop it
    #[arg(long)]
    pub keep: bool,
    /// Where PostgreSQL's server programs are
    #[arg(long, value_name = "DIR")]
    pub pg_bin: Option<PathBuf>,
    /// What to show
    #[arg(long, value_enum, default_value_t = Ui::Auto)]
    pub ui: Ui,
}

/// Decisions about the twin.
#[derive(Debug, Flags)]
pub struct PlanFlags {
    /// The partition column, where there is more than one candidate
    #[arg(long, value_name = "COLUMN")]
    by: Option<String>,
    /// How that column tells the time, where it holds ids: uuidv7, twitter, discord, mastodon, instagram,
    /// snowflake:EPOCH_MS:SHIFT, epoch-s, epoch-ms, epoch-us [default: recognised from the rows]
    #[arg(long, value_name = "CLOCK", requires = "by")]
    clock: Option<Clock>,
    /// The length of a period [default: quarter]
    #[arg(long, value_name = "PERIOD", value_parser = values::every())]
    every: Option<Every>,
    /// The time zone at whose midnight a period begins, Europe/Berlin for example [default: UTC]
    #[arg(long, value_name = "ZONE")]
    time_zone: Option<Zone>,
    /// In which order things are done [default: online]
    #[arg(long, value_name = "STRATEGY", value_parser = values::strategy())]
    strategy: Option<Strategy>,
    /// Say that no row is updated or deleted until the table is filled; for --strategy rename-first
    #[arg(long)]
    append_only: bool,
    /// What the old table becomes with --strategy adopt: the partition of all earlier time, or DEFAULT [default: range]
    #[arg(long, value_name = "PARTITION", value_parser = values::history())]
    history: Option<History>,
    /// Periods kept ready after the newest row's [default: 2]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(0..=120))]
    ahead: Option<u32>,
    /// Go without a DEFAULT partition
    #[arg(long)]
    no_default: bool,
    /// What becomes of foreign keys that lead to the table: drop loses them at the swap, until `reverse`; keep moves
    /// them along, where their columns stay unique [default: refuse]
    #[arg(long, value_name = "CHOICE", value_parser = values::incoming())]
    incoming: Option<Choice>,
    /// Keep `id` alone unique: triggers keep TABLE_ids (id, created_at) beside the partitioned table, and --incoming keep
    /// leads foreign keys there; writing costs more
    #[arg(long)]
    ids_table: bool,
}

impl PlanFlags {
    /// What is asked for; a flag of another strategy is refused.
    pub fn request(&self, table: &str) -> Result<Request> {
        let strategy = self.strategy.unwrap_or_default();
        if self.history.is_some() && strategy != Strategy::Adopt {
            return Err(usage(
                "--history says what --strategy adopt makes of the old table",
                "add --strategy adopt",
            ));
        }
        let plain = Request::of(table);
        Ok(Request {
            by: self.by.clone(),
            clock: self.clock,
            every: self.every.unwrap_or(plain.every),
            zone: self.time_zone.unwrap_or(plain.zone),
            ahead: self.ahead.unwrap_or(plain.ahead),
            default_leaf: !self.no_default,
            strategy,
            incoming: self.incoming.unwrap_or_default(),
            append_only: self.append_only,
            history: self.history.unwrap_or_default(),
            ids_table: self.ids_table,
            ..plain
        })
    }

    /// The first flag that was given and asks for something else than a journalled scheme has.
    pub fn other_than(&self, scheme: &Scheme) -> Option<&'static str> {
        let flags = [
            ("--by", self.by.as_ref().is_some_and(|by| by != scheme.by.as_str())),
            ("--clock", self.clock.is_some_and(|clock| clock != scheme.clock)),
            ("--time-zone", self.time_zone.is_some_and(|zone| zone != scheme.zone)),
            ("--every", self.every.is_some_and(|every| every != scheme.every)),
            ("--ahead", self.ahead.is_some_and(|ahead| ahead != scheme.ahead)),
            ("--no-default", self.no_default && scheme.default_leaf),
            ("--incoming", self.incoming.is_some_and(|choice| choice != scheme.incoming.choice)),
            ("--ids-table", self.ids_table && !scheme.ids_table),
            ("--history", self.history.is_some_and(|history| history != scheme.history)),
            ("--strategy", self.strategy.is_some_and(|strategy| strategy != scheme.strategy)),
        ];
        flags.into_iter().find_map(|(flag, differs)| differs.then_some(flag))
    }
}

/// `quarterdeck plan`.
#[derive(Debug, Flags)]
pub struct PlanCommand {
    /// The table, with its schema where it is not on the search path
    pub table: String,
    /// Decisions about the twin.
    #[command(flatten)]
    pub plan: PlanFlags,
    /// Show the strategies side by side for this table
    #[arg(long, conflicts_with_all = ["sql", "strategy", "history"])]
    pub compare: bool,
    /// Print the SQL only
    #[arg(long, conflicts_with = "json")]
    pub sql: bool,
    /// Print the plan as JSON
    #[arg(long)]
    pub json: bool,
}

/// `quarterdeck run`.
#[derive(Debug, Flags)]
pub struct Run {
    /// The table
    pub table: String,
    /// Decisions about the twin.
    #[command(flatten)]
    pub plan: PlanFlags,
    /// Copying sessions at most; chosen by the throughput seen where it is not given
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(values::WORKERS_BOUNDS))]
    pub workers: Option<u16>,
    /// How far to go
    #[arg(long, value_enum, default_value_t = Until::Ready)]
    pub until: Until,
    /// The table's name again, to allow the swap
    #[arg(long, value_name = "TABLE")]
    pub yes: Option<String>,
    /// A foreign key that `--incoming drop` may drop, by its name; once for each
    #[arg(long, value_name = "CONSTRAINT")]
    yes_drop: Vec<String>,
    /// Take the migration from the process that owns it, and end that one's sessions
    #[arg(long)]
    pub takeover: bool,
    /// Slow or hold the work by a signal; once for each. See `quarterdeck tune --help`
    #[arg(long, value_name = "SIGNAL=LIMIT")]
    pub limit: Vec<Setting>,
    /// How long things may take.
    #[command(flatten)]
    pub limits: Limits,
    /// After how long the console asks whether to finish; it never finishes by itself [default: 72h]
    #[arg(long, value_name = "TIME", value_parser = values::duration)]
    pub reverse_window: Option<Duration>,
    /// What to show
    #[arg(long, value_enum, default_value_t = Ui::Auto)]
    pub ui: Ui,
}

/// How far `run` goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Until {
    /// Until the swap may come.
    Ready,
    /// Until the partitioned table has the name.
    Swapped,
    /// Until the reverse window is over.
    Finished,
}

/// `quarterdeck status`.
#[derive(Debug, Flags)]
pub struct Status {
    /// Only this table's migrations
    pub table: Option<String>,
    /// Print an array of JSON objects, one a migration
    #[arg(long)]
    pub json: bool,
}

/// `quarterdeck blockers`.
#[derive(Debug, Flags)]
pub struct Blockers {
    /// The table
    pub table: String,
    /// Print an array of JSON objects, one a session
    #[arg(long)]
    pub json: bool,
    /// Cancel this session's statement; where it runs none, end the session
    #[arg(long, value_name = "PID", conflicts_with = "json")]
    pub cancel: Option<i32>,
}

/// `quarterdeck tune`.
#[derive(Debug, Flags)]
pub struct Tune {
    /// The table
    pub table: String,
    /// Change a signal's limit; once for each
    #[arg(long, value_name = "SIGNAL=LIMIT", conflicts_with = "json")]
    pub limit: Vec<Setting>,
    /// Change the number of copying sessions
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(values::WORKERS_BOUNDS), conflicts_with = "json")]
    pub workers: Option<u16>,
    /// Print an array of JSON objects, one a signal
    #[arg(long)]
    pub json: bool,
}

const SIGNALS: &str = include_str!("../../assets/signals.txt");
const CONFIG: &str = include_str!("../../assets/config.txt");

/// A command about one table.
#[derive(Debug, Flags)]
pub struct OneTable {
    /// The table
    pub table: String,
}

/// A command that wants the table's name again.
#[derive(Debug, Flags)]
pub struct Confirmed {
    /// The table
    pub table: String,
    /// The table's name again
    #[arg(long, value_name = "TABLE")]
    yes: String,
}

/// `quarterdeck reverse`.
#[derive(Debug, Flags)]
pub struct Reverse {
    /// The table, and how long things may take.
    #[command(flatten)]
    pub exchange: Exchange,
    /// After `adopt`: move rows of later partitions into the old table, under its lock. A transaction that took its
    /// snapshot before that, and reads the table only afterwards, does not see them
    #[arg(long)]
    pub move_rows: bool,
}

/// `quarterdeck swap`.
#[derive(Debug, Flags)]
pub struct Swap {
    /// The table, and how long things may take.
    #[command(flatten)]
    pub exchange: Exchange,
    /// Take the locks, do all of it, measure, and roll it back
    #[arg(long)]
    pub rehearse: bool,
    /// Wait for this moment, then swap if everything holds that must: 2026-11-27T03:00Z
    #[arg(long, value_name = "TIME", value_parser = Opening::moment, conflicts_with = "rehearse")]
    pub at: Option<Opening>,
    /// Wait for this time of the day in UTC, then swap as soon as everything holds; if nothing came of it, the next day
    #[arg(long, value_name = "HH:MM-HH:MM", conflicts_with_all = ["rehearse", "at"])]
    pub between: Option<Opening>,
}

/// What a swap and a reverse have in common.
#[derive(Debug, Flags)]
pub struct Exchange {
    /// The table, confirmed.
    #[command(flatten)]
    pub of: Confirmed,
    /// How long things may take.
    #[command(flatten)]
    pub limits: Limits,
}

/// `quarterdeck finish`.
#[derive(Debug, Flags)]
pub struct Finish {
    /// The table, confirmed.
    #[command(flatten)]
    pub of: Confirmed,
    /// Drop the old table instead of keeping it
    #[arg(long)]
    pub drop_source: bool,
}

/// `quarterdeck explain`.
#[derive(Debug, Flags)]
pub struct Explain {
    /// QD-024, qd-24 or 24
    pub id: Option<String>,
    /// As JSON
    #[arg(long)]
    pub json: bool,
}

/// What to show while it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Ui {
    /// The console on a terminal, plain lines elsewhere.
    Auto,
    /// The console.
    Tui,
    /// One line an event.
    Plain,
    /// One JSON object an event, the last one `closed`.
    Json,
}

impl Args {
    /// The connection string, from either place.
    pub fn conn(&self) -> Option<&str> {
        self.everywhere.conn.as_deref().or(self.positional.as_deref())
    }

    /// Whether a server is needed, and with it the settings and a log.
    pub fn connects(&self) -> bool {
        !matches!(
            self.command,
            Some(Command::Completions { .. } | Command::Man | Command::Explain(_) | Command::Config(_))
        )
    }

    /// The server's label: the word given here, else that of the settings, and always their colour.
    pub fn label(&self, target: &Target) -> Option<Label> {
        let known = self.config.label(&target.into()).cloned();
        match &self.everywhere.label {
            Some(word) => Some(Label { word: word.clone(), ..known.unwrap_or_else(|| "".into()) }),
            None => known,
        }
    }

    /// What the grammar alone cannot say.
    pub fn check(&self) -> Result<()> {
        if self.positional.is_some() && self.everywhere.conn.is_some() {
            return Err(usage("the connection is given twice", "give it once, with --conn or by itself"));
        }
        if self.positional.is_some() && self.command.is_some() {
            return Err(usage("a connection string stands before a command", "put --conn in front of it"));
        }
        if self.watch && self.command.is_some() {
            return Err(watches_alone());
        }
        match &self.command {
            Some(Command::Run(run)) => run.check(),
            Some(Command::Swap(Swap { exchange, .. }) | Command::Reverse(Reverse { exchange, .. })) => {
                exchange.of.check()
            }
            Some(Command::Abort(confirmed)) => confirmed.check(),
            Some(Command::Maintain(maintain)) => maintain.check(),
            Some(Command::Retain(retain)) => retain.older_than().map(drop),
            Some(Command::Finish(finish)) => finish.of.check(),
            Some(Command::Demo(_)) if self.everywhere.conn.is_some() => {
                Err(usage("the demo makes a server of its own", "leave --conn out"))
            }
            Some(
                Command::Demo(_)
                | Command::Plan(_)
                | Command::Status(_)
                | Command::Blockers(_)
                | Command::Pause(_)
                | Command::Resume(_)
                | Command::Tune(_)
                | Command::Verify(_)
                | Command::Repair(_)
                | Command::Health(_)
                | Command::Audit(_)
                | Command::Ids(_)
                | Command::Report(_)
                | Command::Explain(_)
                | Command::Config(_)
                | Command::Completions { .. }
                | Command::Man,
            )
            | None => Ok(()),
        }
    }
}

/// `--watch` with a command.
pub fn watches_alone() -> Error {
    usage(
        "--watch is the console's, which opens without a command",
        "leave the command out: `quarterdeck --watch` lists the tables and opens each migration to be watched",
    )
}

impl Run {
    /// Each foreign key that a plan drops is typed once more.
    pub fn confirms(&self, scheme: &Scheme) -> Result<()> {
        let Incoming { choice, keys } = &scheme.incoming;
        let unnamed = |key: &&IncomingKey| !self.yes_drop.iter().any(|name| key.name.as_str() == name);
        match keys.iter().find(unnamed) {
            Some(key) if *choice == Choice::Drop => Err(usage(
                &format!("--incoming drop drops {}, which wants its name again", key.plain()),
                &format!("add --yes-drop {}", key.name.as_str()),
            )),
            Some(_) | None => Ok(()),
        }
    }

    fn check(&self) -> Result<()> {
        let renames = self.plan.strategy == Some(Strategy::RenameFirst);
        match (&self.yes, self.until) {
            (_, Until::Ready) if renames => Err(usage(
                "--strategy rename-first exchanges the names first; there is no *ready* before it",
                &format!("add --until swapped --yes {}", self.table),
            )),
            (Some(yes), _) => confirm(&self.table, yes),
            (None, Until::Ready) => Ok(()),
            (None, Until::Swapped | Until::Finished) => Err(usage(
                "this goes past the swap, which wants the table's name again",
                &format!("add --yes {}, or leave out --until", self.table),
            )),
        }
    }
}

impl Confirmed {
    fn check(&self) -> Result<()> {
        confirm(&self.table, &self.yes)
    }
}

/// `--yes` repeats the table's name, with its schema or without. A schema that the command does not name is none of its
/// words: the search path may find the table in another one.
fn confirm(table: &str, yes: &str) -> Result<()> {
    let bare = table.rsplit('.').next().unwrap_or(table);
    if yes == table || yes == bare {
        return Ok(());
    }
    Err(usage(
        &format!("--yes names {yes}, the command {table}"),
        &format!("repeat the table's name: --yes {table}"),
    ))
}

fn usage(reason: &str, remedy: &str) -> Error {
    Error::Usage { reason: reason.to_owned(), remedy: remedy.to_owned() }
}
