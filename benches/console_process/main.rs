//! What the console's process costs on a pseudo-terminal and a real server: `cargo bench --bench console_process`.
//!
//! The time from its start to the first picture, and the share of a core that it takes while nothing happens. What a
//! frame, a key and an event cost is `benches/console`. It asserts nothing: the machine may be shared.

#![expect(clippy::print_stdout, reason = "printing is what a bench is for")]

#[expect(dead_code, clippy::unwrap_used, reason = "the tests' own, which use all of it")]
#[path = "../../tests/terminal/mod.rs"]
mod terminal;

use std::{
    path::PathBuf,
    thread::sleep,
    time::{Duration, Instant},
};

use clap::Parser;
use portable_pty::CommandBuilder;
use quarterdeck::{
    Error, Result,
    demo::{
        cluster::{Cluster, Options},
        programs,
    },
    pg::Session,
};
use tempfile::{TempDir, tempdir};

use terminal::{DARK, Terminal};

/// 131,072 rows of a kilobyte in 28 quarters: 256 chunks, as in any table of up to two gigabytes.
const TABLE: &str = "CREATE TABLE public.chat (id bigint PRIMARY KEY, created_at timestamptz NOT NULL, body text NOT NULL); \
    INSERT INTO public.chat SELECT n, timestamptz '2018-01-01' + n * interval '28 minutes', repeat('word ', 180) \
    FROM generate_series(1, 131072) n; VACUUM ANALYZE public.chat";

/// What is measured.
#[derive(Debug, Parser)]
struct Args {
    /// How often it is started.
    #[arg(long, default_value_t = 11)]
    starts: usize,
    /// How long each idling is watched.
    #[arg(long, default_value_t = 30)]
    seconds: u64,
    /// The folder of PostgreSQL's server programs.
    #[arg(long)]
    pg_bin: Option<PathBuf>,
    /// What cargo hands to every bench.
    #[arg(long, hide = true)]
    bench: bool,
}

#[tokio::main]
async fn main() -> Result<()> {
    let args = Args::parse();
    let cluster = Cluster::start(&programs::find(args.pg_bin.as_deref())?, &Options::default()).await?;
    let session = Session::open(&cluster.target("postgres")?, "bench").await?;
    for sql in TABLE.split("; ") {
        session.batch("make table", sql).await?;
    }
    let place =
        Place { conninfo: cluster.conninfo("postgres"), home: tempdir().map_err(Error::io("a home"))? };
    println!(
        "PostgreSQL {}, {} starts, idling {} s",
        cluster.programs().version(),
        args.starts,
        args.seconds
    );

    starts(args.starts, &place);
    let tables = place.console(&[]);
    tables.sees("▸chat ");
    idle("on the list of tables", &tables, args.seconds)?;
    leave(tables);

    let ready = || {
        let console = place.console(&["run", "chat", "--ui", "tui"]);
        console.resize(40, 120);
        console.sees("READY ▶ running");
        console.sees("✓ verified");
        console
    };
    let owner = ready();
    idle("ready, as the owner", &owner, args.seconds)?;
    let watcher = ready();
    idle("ready, as a watcher", &watcher, args.seconds)?;
    leave(watcher);
    leave(owner);
    drop(session);
    cluster.stop().await
}

/// Where consoles are started.
struct Place {
    conninfo: String,
    /// For their log.
    home: TempDir,
}

impl Place {
    /// The console with these words on a terminal.
    fn console(&self, words: &[&str]) -> Terminal {
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_quarterdeck"));
        command.env("XDG_STATE_HOME", self.home.path());
        command.env("QUARTERDECK_CONFIG", "/dev/null");
        command.args(words);
        command.args(["--conn", &self.conninfo]);
        Terminal::start(command, DARK)
    }
}

/// `q`, and yes where it asks.
fn leave(console: Terminal) {
    console.press("qy");
    console.end();
}

/// Starts it again and again.
fn starts(times: usize, place: &Place) {
    let (mut first, mut listed) = (Vec::new(), Vec::new());
    for _ in 0..times {
        let began = Instant::now();
        let console = place.console(&[]);
        console.sees("quarterdeck");
        first.push(began.elapsed());
        console.sees("▸chat ");
        listed.push(began.elapsed());
        leave(console);
    }
    let words = |times: &mut Vec<Duration>| {
        times.sort();
        let [least, middle, most] =
            [0, times.len() / 2, times.len() - 1].map(|at| times[at].as_secs_f64() * 1e3);
        format!("{middle:.0} ms ({least:.0} to {most:.0})")
    };
    println!("start to first picture: {}; to the list of tables: {}", words(&mut first), words(&mut listed));
}

/// Lets it stand, and says what that took.
fn idle(what: &str, console: &Terminal, seconds: u64) -> Result<()> {
    // What the last key brought may still be drawn.
    sleep(Duration::from_secs(7));
    let (cpu, written, began) = (cpu_s(console.pid())?, console.written(), Instant::now());
    sleep(Duration::from_secs(seconds));
    let (cpu, written) = (cpu_s(console.pid())? - cpu, console.written() - written);
    let passed = began.elapsed().as_secs_f64();
    println!(
        "idle, {what}: {:.2} % of a core, {written} bytes written in {passed:.0} s",
        cpu / passed * 100.0
    );
    Ok(())
}

/// Seconds of a processor that a process has used (proc(5): `utime` and `stime`, in hundredths).
fn cpu_s(pid: u32) -> Result<f64> {
    let path = format!("/proc/{pid}/stat");
    let stat = std::fs::read_to_string(&path).map_err(Error::io(path))?;
    let fields = stat.rsplit_once(')').map_or("", |(_, rest)| rest).split_whitespace().skip(11).take(2);
    Ok(fields.filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / 100.0)
}
