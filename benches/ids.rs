//! What a table of ids costs the application: each kind of write with its triggers off and on, in turns.
//!
//! `cargo bench --bench ids -- --rows 1000000`. It prints and asserts nothing: the machine may be shared. The table is the
//! demo's, converted with `--ids-table`, swapped and finished; the rows that are written are its own.

#![expect(clippy::print_stdout, reason = "printing is what a bench is for")]

use std::{path::PathBuf, process::Stdio, time::Instant};

use chrono::{DateTime, Utc};
use clap::Parser;
use quarterdeck::{
    Error, Result,
    demo::{
        cluster::{Cluster, Options},
        data::{self, Login},
        programs,
    },
    model::ids::TRIGGERS,
    pg::Session,
};
use uuid::Uuid;

const TABLE: &str = "chat_messages";
/// The kinds of writes, in the order in which they are measured.
const KINDS: [&str; 6] = [
    "INSERT, a row a transaction",
    "UPDATE of another column",
    "UPDATE that moves the row",
    "DELETE, a row a transaction",
    "INSERT of many rows",
    "DELETE of many rows",
];

/// What is measured.
#[derive(Debug, Parser)]
struct Args {
    /// Rows of the table.
    #[arg(long, default_value_t = 1_000_000)]
    rows: u32,
    /// Rows that are written one by one.
    #[arg(long, default_value_t = 3_000)]
    single: usize,
    /// Rows that are written by one statement.
    #[arg(long, default_value_t = 100_000)]
    many: i64,
    /// Rounds, each without and with the table of ids.
    #[arg(long, default_value_t = 3)]
    rounds: u32,
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
    let options = Options::default().set("max_wal_size", "8GB").set("shared_buffers", "512MB");
    let cluster = Cluster::start(&programs::find(args.pg_bin.as_deref())?, &options).await?;
    let session = Session::open(&cluster.target("postgres")?, "bench").await?;
    let app = Login { role: "chat_app".into(), password: "bench".into() };
    data::make(&session, &data::Options { rows: args.rows, seed: 1, now: Utc::now(), app }, &|_| ()).await?;
    tool(&cluster, &["run", TABLE, "--ids-table", "--until", "swapped", "--yes", TABLE]).await?;
    tool(&cluster, &["finish", TABLE, "--yes", TABLE, "--drop-source"]).await?;
    let leaves = "SELECT count(*) FROM pg_inherits WHERE inhparent = 'public.chat_messages'::regclass";
    let leaves: i64 = session.query_one("count leaves", leaves, &[]).await?.get(0);
    let version = cluster.programs().version();
    println!(
        "PostgreSQL {version}, {} rows in {leaves} partitions, least of {} rounds",
        args.rows, args.rounds
    );
    let mut least = [[f64::INFINITY; 2]; KINDS.len()];
    for _ in 0..args.rounds {
        for (at, how) in ["DISABLE", "ENABLE ALWAYS"].into_iter().enumerate() {
            switch(&session, how).await?;
            for (least, took) in least.iter_mut().zip(round(&session, &args).await?) {
                least[at] = least[at].min(took);
            }
        }
    }
    for (kind, [without, with]) in KINDS.into_iter().zip(least) {
        println!("{kind:<30} {without:>8.2} s without, {with:>8.2} s with: {:.2}", with / without);
    }
    cluster.stop().await
}

async fn switch(session: &Session, how: &str) -> Result<()> {
    for trigger in TRIGGERS {
        let sql = format!("ALTER TABLE public.{TABLE} {how} TRIGGER \"{trigger}\"");
        session.batch("switch triggers", &sql).await?;
    }
    session.batch("vacuum", &format!("VACUUM public.{TABLE}")).await?;
    session.batch("settle", "CHECKPOINT").await
}

/// Seconds of each kind; nothing of it stays.
async fn round(session: &Session, args: &Args) -> Result<[f64; KINDS.len()]> {
    let ids: Vec<Uuid> = (0..args.single).map(|_| Uuid::new_v4()).collect();
    let at: DateTime<Utc> = session.query_one("now", "SELECT now()", &[]).await?.get(0);
    let earlier = at - chrono::Duration::days(200);
    let one = format!(
        "INSERT INTO public.{TABLE} (id, created_at, session_id, user_id, content) \
         SELECT $1, $2, id, user_id, repeat('x', 200) FROM (SELECT * FROM public.chat_sessions LIMIT 1) s"
    );
    let update = format!("UPDATE public.{TABLE} SET content = 'y' WHERE id = $1 AND created_at = $2");
    let moved = format!(
        "UPDATE public.{TABLE} SET created_at = $2::timestamptz - interval '200 days' WHERE id = $1 AND created_at = $2"
    );
    let delete = format!("DELETE FROM public.{TABLE} WHERE id = $1 AND created_at = $2");
    let mut took = [0.0; KINDS.len()];
    for (took, (sql, at)) in
        took.iter_mut().zip([(&one, at), (&update, at), (&moved, at), (&delete, earlier)])
    {
        let began = Instant::now();
        for id in &ids {
            session.execute_again("write", sql, &[id, &at]).await?;
        }
        *took = began.elapsed().as_secs_f64();
    }
    let many = format!(
        "INSERT INTO public.{TABLE} (created_at, session_id, user_id, content) SELECT '{at}'::timestamptz, s.id, s.user_id, \
         repeat('x', 200) FROM (SELECT * FROM public.chat_sessions LIMIT 1) s, generate_series(1, {})",
        args.many
    );
    let gone = format!("DELETE FROM public.{TABLE} WHERE created_at = '{at}'");
    for (took, sql) in took[4..].iter_mut().zip([many, gone]) {
        let began = Instant::now();
        session.batch("write many", &sql).await?;
        *took = began.elapsed().as_secs_f64();
    }
    Ok(took)
}

/// Runs a command of the tool to its end.
async fn tool(cluster: &Cluster, words: &[&str]) -> Result<()> {
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_quarterdeck"));
    command.env("QUARTERDECK_CONFIG", "/dev/null");
    command.args(words).args(["--conn", &cluster.conninfo("postgres")]).stdout(Stdio::null());
    let status = command.status().await.map_err(Error::io("the tool"))?;
    if status.success() { Ok(()) } else { Err(Error::Bug(format!("{words:?} ended with {status}"))) }
}
