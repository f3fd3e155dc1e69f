//! How long a conversion takes, beside the same work done offline by hand, on one server, in turns.
//!
//! `cargo bench --bench conversion -- --rows 3000000`. It prints ratios and asserts nothing: the machine may be shared.
//! The floor is what `CREATE TABLE AS`, the indexes and the foreign keys take; the tool has to do that, and verify
//! every row, while the table is used.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "printing is what a bench is for")]

mod by_hand;
mod shop;
mod tool;

use std::path::PathBuf;

use clap::Parser;
use serde_json::json;

use shop::{Order, Shop};
use tool::Conversion;

/// What is measured.
#[derive(Debug, Parser)]
struct Args {
    /// Rows of the table.
    #[arg(long, default_value_t = 300_000)]
    rows: u32,
    /// Transactions a second where there is traffic.
    #[arg(long, default_value_t = 200)]
    tps: u32,
    /// Each thing is done so often, in turns.
    #[arg(long, default_value_t = 2)]
    rounds: u32,
    /// How the heap's rows lie.
    #[arg(long, value_enum, default_value_t = Order::Time)]
    order: Order,
    /// The folder of PostgreSQL's server programs.
    #[arg(long)]
    pg_bin: Option<PathBuf>,
    /// One JSON object instead of the table.
    #[arg(long)]
    json: bool,
    /// What cargo hands to every bench.
    #[arg(long, hide = true)]
    bench: bool,
}

/// One round.
struct Round {
    floor_s: f64,
    indexed_s: f64,
    quiet: Conversion,
    busy: Conversion,
}

#[tokio::main]
async fn main() -> quarterdeck::Result<()> {
    let args = Args::parse();
    let shop = Shop::open(args.pg_bin.as_deref(), args.rows, args.order).await?;
    eprintln!("PostgreSQL {}, {} rows, {:?}; {} rounds", shop.version(), args.rows, args.order, args.rounds);
    let mut rounds = Vec::new();
    for number in 1..=args.rounds {
        eprintln!("round {number}: by hand");
        let floor_s = by_hand::floor(&shop).await?;
        let indexed_s = by_hand::indexed(&shop).await?;
        eprintln!("round {number}: the tool, on a table let alone");
        let quiet = tool::convert(&shop, 0, number).await?;
        eprintln!("round {number}: the tool, under {} transactions a second", args.tps);
        let busy = tool::convert(&shop, args.tps, number).await?;
        rounds.push(Round { floor_s, indexed_s, quiet, busy });
    }
    if args.json {
        println!("{}", as_json(&args, &shop, &rounds));
    } else {
        print(&args, &shop, &rounds);
    }
    shop.close().await
}

/// The least of what all rounds had: what others on the machine took away is not in it.
fn least(rounds: &[Round], of: impl Fn(&Round) -> f64) -> f64 {
    rounds.iter().map(of).fold(f64::INFINITY, f64::min)
}

fn print(args: &Args, shop: &Shop, rounds: &[Round]) {
    let floor = least(rounds, |r| r.floor_s);
    let line = |what: &str, seconds: f64| println!("{what:<44} {seconds:>9.2} s {:>7.2} x", seconds / floor);
    println!(
        "PostgreSQL {}, {} rows in order of {:?}, the least of {} rounds; x: of the floor\n",
        shop.version(),
        args.rows,
        args.order,
        rounds.len()
    );
    line("floor: CREATE TABLE AS, indexes, foreign keys", floor);
    line("INSERT … SELECT into indexed partitions", least(rounds, |r| r.indexed_s));
    for (name, pick) in [("quiet", (|r| &r.quiet) as fn(&Round) -> &Conversion), ("busy", |r| &r.busy)] {
        line(&format!("tool, {name}: built and following the log"), least(rounds, |r| pick(r).built_s));
        line(&format!("tool, {name}: every row verified"), least(rounds, |r| pick(r).verified_s));
        let last = pick(&rounds[rounds.len() - 1]);
        for (step, seconds) in &last.steps {
            println!("  {step:<42} {seconds:>9.2} s");
        }
        println!(
            "  WAL {:.2} x of the twin's {:.0} MB, temporary files {:.0} MB; the tool: {:.1} MB, {:.1} % of a core",
            last.wal_bytes / last.twin_bytes,
            last.twin_bytes / 1e6,
            last.temp_bytes / 1e6,
            last.peak_mb,
            last.cpu_share * 100.0
        );
        if let Some(application) = &last.application {
            println!(
                "  application: p99 {:.1} ms before, {:.1} ms meanwhile, the longest {:.1} ms; {} failures; waited {} ms at the swap, {} ms back",
                application.p99_before_ms,
                application.p99_ms,
                application.longest_ms,
                application.failures,
                application.swap_ms,
                application.reverse_ms
            );
        }
    }
}

fn as_json(args: &Args, shop: &Shop, rounds: &[Round]) -> serde_json::Value {
    let rounds: Vec<_> = rounds
        .iter()
        .map(|r| json!({"floor_s": r.floor_s, "indexed_s": r.indexed_s, "quiet": r.quiet, "busy": r.busy}))
        .collect();
    json!({"postgresql": shop.version(), "rows": args.rows, "order": format!("{:?}", args.order), "tps": args.tps, "rounds": rounds})
}
