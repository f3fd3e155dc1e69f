//! How fast replay takes changes over, forward and reverse, beside one INSERT of the same rows by hand.
//!
//! `cargo bench --bench replay -- --rows 1000000 --changes 100000`. It prints and asserts nothing: the machine may be shared.
//! The table is the demo's, in quarters; the changed rows lie anywhere in it. One owner, one session, as in a run.

#![expect(clippy::print_stdout, reason = "printing is what a bench is for")]

use std::{path::PathBuf, process::Stdio, time::Instant};

use clap::Parser;
use quarterdeck::{
    Error, Result,
    demo::{
        cluster::{Cluster, Options},
        data::{self, Login},
        programs,
    },
    model::scheme::{Leaf, Scheme},
    ops::replay,
    pg::{Fence, Session, journal::read},
};

const TABLE: &str = "chat_messages";
/// One change is one row updated; the log has two entries of it, the old key and the new one.
const CHANGE: &str = "UPDATE public.chat_messages SET content = left(content, 200) || '!', updated_at = now() \
                      WHERE id IN (SELECT id FROM public.changed)";

/// What is measured.
#[derive(Debug, Parser)]
struct Args {
    /// Rows of the table.
    #[arg(long, default_value_t = 1_000_000)]
    rows: u32,
    /// Rows that are changed.
    #[arg(long, default_value_t = 100_000)]
    changes: i64,
    /// Each thing is done so often.
    #[arg(long, default_value_t = 3)]
    rounds: u32,
    /// The folder of PostgreSQL's server programs.
    #[arg(long)]
    pg_bin: Option<PathBuf>,
    /// What cargo hands to every bench.
    #[arg(long, hide = true)]
    bench: bool,
}

/// Which way the log goes.
#[derive(Clone, Copy, Debug)]
enum Way {
    Forward,
    Reverse,
}

/// A migration, and the session that replays it.
struct Bench {
    cluster: Cluster,
    session: Session,
    scheme: Scheme,
    leaves: Vec<Leaf>,
}

#[tokio::main]
async fn main() -> Result<()> {
    let args = Args::parse();
    let mut bench = Bench::open(&args).await?;
    println!(
        "PostgreSQL {}, {} rows, {} changed",
        bench.cluster.programs().version(),
        args.rows,
        args.changes
    );
    for _ in 0..args.rounds {
        let insert = bench.insert("chat_messages_twin").await?;
        println!("one INSERT of these rows   {:>8.0} rows/s", per_second(args.changes, insert));
        bench.replay(Way::Forward, insert).await?;
    }
    bench.tool(&["swap", TABLE, "--yes", TABLE]).await?;
    for _ in 0..args.rounds {
        bench.replay(Way::Reverse, bench.insert(TABLE).await?).await?;
    }
    bench.cluster.stop().await
}

impl Bench {
    /// A server with a table that is ready to be swapped; `changed` names the rows to change.
    async fn open(args: &Args) -> Result<Self> {
        let options = Options::default().set("max_wal_size", "8GB").set("shared_buffers", "512MB");
        let cluster = Cluster::start(&programs::find(args.pg_bin.as_deref())?, &options).await?;
        let session = Session::open(&cluster.target("postgres")?, "bench").await?;
        let app = Login { role: "chat_app".into(), password: "bench".into() };
        let shop = data::Options { rows: args.rows, seed: 1, now: chrono::Utc::now(), app };
        data::make(&session, &shop, &|_| ()).await?;
        tool(&cluster, &["run", TABLE]).await?;
        let picked = format!(
            "CREATE TABLE public.changed AS SELECT id FROM public.chat_messages ORDER BY hashtext(id::text) LIMIT {}",
            args.changes
        );
        session.batch("pick", &picked).await?;
        session.batch("settle", "ANALYZE public.changed; CHECKPOINT").await?;
        let scheme = read::migrations(&session).await?.remove(0).scheme;
        let leaves = read::leaves(&session, scheme.id).await?.into_iter().map(|row| row.leaf).collect();
        Ok(Self { cluster, session, scheme, leaves })
    }

    async fn tool(&self, words: &[&str]) -> Result<()> {
        tool(&self.cluster, words).await
    }

    /// Seconds that one INSERT of the rows takes; nothing of it stays.
    async fn insert(&self, into: &str) -> Result<f64> {
        let batch = async |sql: &str| self.session.batch("insert", sql).await;
        batch("BEGIN; SET LOCAL session_replication_role = replica").await?;
        batch(
            "CREATE TEMP TABLE rows AS SELECT m.* FROM public.chat_messages m JOIN public.changed USING (id)",
        )
        .await?;
        batch(&format!(
            "DELETE FROM public.{into} t USING rows r WHERE t.id = r.id AND t.created_at = r.created_at"
        ))
        .await?;
        batch("CHECKPOINT").await?;
        let began = Instant::now();
        batch(&format!("INSERT INTO public.{into} SELECT * FROM rows")).await?;
        let took = began.elapsed().as_secs_f64();
        batch("ROLLBACK").await?;
        Ok(took)
    }

    /// Changes the rows, then replays until the log is empty.
    async fn replay(&mut self, way: Way, insert: f64) -> Result<()> {
        self.session.batch("change", CHANGE).await?;
        self.session.batch("settle", "CHECKPOINT").await?;
        let row = read::migration(&self.session, self.scheme.id).await?;
        let epoch = self.session.query_one("epoch", "SELECT epoch FROM quarterdeck.fence", &[]).await?.get(0);
        let fence = Fence::new(&self.scheme, epoch, row.fingerprint);
        let mut session = Session::open(self.session.target(), "bench replay").await?;
        let (mut log_rows, mut keys) = (0, 0);
        let began = Instant::now();
        loop {
            let scope = replay::forward::Scope { ranges: &replay::all(), leaves: &self.leaves };
            let done = match way {
                Way::Forward => {
                    replay::forward::batch(&mut session, &fence, &self.scheme, scope, replay::BATCH).await?
                }
                Way::Reverse => {
                    replay::reverse::batch(
                        &mut session,
                        &fence,
                        &self.scheme,
                        replay::reverse::Past::Copied,
                        replay::BATCH,
                    )
                    .await?
                }
            };
            log_rows += done.log_rows;
            keys += done.keys;
            if done.log_rows == 0 {
                break;
            }
        }
        let took = began.elapsed().as_secs_f64();
        println!(
            "{way:<26?} {:>8.0} changes/s, {:>8.0} log rows/s, {keys} keys applied, {:.2} x the INSERT",
            per_second(log_rows / 2, took),
            per_second(log_rows, took),
            took / insert
        );
        Ok(())
    }
}

#[expect(clippy::cast_precision_loss, reason = "a figure to print")]
fn per_second(rows: i64, seconds: f64) -> f64 {
    rows as f64 / seconds
}

/// Runs a command of the tool to its end.
async fn tool(cluster: &Cluster, words: &[&str]) -> Result<()> {
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_quarterdeck"));
    command.env("QUARTERDECK_CONFIG", "/dev/null");
    command.args(words).args(["--conn", &cluster.conninfo("postgres")]).stdout(Stdio::null());
    let status = command.status().await.map_err(Error::io("the tool"))?;
    if status.success() { Ok(()) } else { Err(Error::Bug(format!("{words:?} ended with {status}"))) }
}
