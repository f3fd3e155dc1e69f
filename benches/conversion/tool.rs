//! The tool itself, as a process, with its own events as the clock.

use std::{
    process::Stdio,
    time::{Duration, Instant},
};

use quarterdeck::{
    Error, Result,
    demo::traffic::{self, Traffic},
};
use serde::Serialize;
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::Command,
};

use crate::shop::Shop;

const TABLE: &str = "chat_messages";
/// How long the application is watched before the tool begins.
const BEFORE: Duration = Duration::from_secs(10);

/// One conversion.
#[derive(Debug, Serialize)]
pub(super) struct Conversion {
    /// Until the twin has every row and index, and follows the log.
    pub(super) built_s: f64,
    /// Until every row is verified.
    pub(super) verified_s: f64,
    /// Each step's own time.
    pub(super) steps: Vec<(String, f64)>,
    /// WAL written meanwhile, the application's included.
    pub(super) wal_bytes: f64,
    /// Heap and indexes of the twin.
    pub(super) twin_bytes: f64,
    pub(super) temp_bytes: f64,
    pub(super) peak_mb: f64,
    /// Of one core.
    pub(super) cpu_share: f64,
    pub(super) application: Option<Application>,
}

/// What the application felt.
#[derive(Debug, Serialize)]
pub(super) struct Application {
    pub(super) p99_before_ms: f64,
    pub(super) p99_ms: f64,
    pub(super) longest_ms: f64,
    pub(super) failures: u64,
    pub(super) swap_ms: f64,
    pub(super) reverse_ms: f64,
}

/// Converts the table, swaps and reverses it where there is traffic, and aborts: the table is as it was. Each traffic
/// has a seed of its own, or it would insert the same keys again.
pub(super) async fn convert(shop: &Shop, tps: u32, round: u32) -> Result<Conversion> {
    const WAL: &str = "pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')";
    const TEMP: &str = "SELECT sum(temp_bytes) FROM pg_stat_database";
    const TWIN: &str =
        "SELECT sum(pg_total_relation_size(relid)) FROM pg_partition_tree('public.chat_messages_twin')";
    let options = |seed| traffic::Options { tps, workers: 4, seed, transactions: None };
    let mut before = 0.0;
    let mut busy = None;
    if tps > 0 {
        let traffic = Traffic::start(&shop.application()?, &options(2 * round)).await?;
        tokio::time::sleep(BEFORE).await;
        before = traffic.stop().await.p99_ms();
        busy = Some(Traffic::start(&shop.application()?, &options(2 * round + 1)).await?);
    }
    let (wal, temp) = (shop.number(WAL).await?, shop.number(TEMP).await?);
    let run = run(shop, &["run", TABLE]).await?;
    let mut conversion = Conversion {
        built_s: run.after("replay")?,
        verified_s: run.after("verify")?,
        steps: run.steps(),
        wal_bytes: shop.number(WAL).await? - wal,
        twin_bytes: shop.number(TWIN).await?,
        temp_bytes: shop.number(TEMP).await? - temp,
        peak_mb: run.peak_mb,
        cpu_share: run.cpu_share,
        application: None,
    };
    if let Some(traffic) = busy {
        let tally = traffic.tally();
        let (p99_ms, longest_ms) = (tally.p99_ms(), tally.longest_ms());
        let swap_ms = ask(shop, "swap").await?;
        let reverse_ms = ask(shop, "reverse").await?;
        let failures = traffic.stop().await.failures;
        conversion.application =
            Some(Application { p99_before_ms: before, p99_ms, longest_ms, failures, swap_ms, reverse_ms });
    }
    end(shop, &["abort", TABLE, "--yes", TABLE]).await?;
    Ok(conversion)
}

/// Milliseconds that the application waited at an exchange, by the journal.
async fn ask(shop: &Shop, word: &str) -> Result<f64> {
    end(shop, &[word, TABLE, "--yes", TABLE]).await?;
    shop.number(&format!(
        "SELECT e.body->>'held_ms' FROM quarterdeck.event e WHERE e.body->>'event' = 'lock_attempt' \
         AND e.body->>'step' = '{word}' AND e.body->>'won' = 'true' ORDER BY e.seq DESC LIMIT 1"
    ))
    .await
}

/// Runs a command to its end.
async fn end(shop: &Shop, words: &[&str]) -> Result<()> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_quarterdeck"));
    command.env("QUARTERDECK_CONFIG", "/dev/null");
    command.args(words).args(["--conn", &shop.conninfo()]).stdout(Stdio::null());
    let status = command.status().await.map_err(Error::io("the tool"))?;
    if status.success() { Ok(()) } else { Err(Error::Bug(format!("{words:?} ended with {status}"))) }
}

/// A process that has ended.
struct Run {
    events: Vec<Value>,
    peak_mb: f64,
    cpu_share: f64,
}

impl Run {
    /// Seconds from the first event to the end of a step.
    fn after(&self, step: &str) -> Result<f64> {
        let time = |event: &Value| {
            event["at"].as_str().and_then(|at| at.parse::<chrono::DateTime<chrono::Utc>>().ok())
        };
        let ended = |event: &&Value| event["event"] == "step_finished" && event["step"] == step;
        let end = self.events.iter().find(ended).and_then(time);
        let begin = self.events.first().and_then(time);
        match (begin, end) {
            (Some(begin), Some(end)) => Ok((end - begin).as_seconds_f64()),
            _ => Err(Error::Bug(format!("step {step} did not end"))),
        }
    }

    fn steps(&self) -> Vec<(String, f64)> {
        let finished = self.events.iter().filter(|event| event["event"] == "step_finished");
        finished
            .map(|event| {
                (
                    event["step"].as_str().unwrap_or("?").to_owned(),
                    event["took_ms"].as_f64().unwrap_or(0.0) / 1e3,
                )
            })
            .collect()
    }
}

async fn run(shop: &Shop, words: &[&str]) -> Result<Run> {
    let began = Instant::now();
    let mut command = Command::new(env!("CARGO_BIN_EXE_quarterdeck"));
    command.env("QUARTERDECK_CONFIG", "/dev/null");
    command.args(words).args(["--ui", "json", "--conn", &shop.conninfo()]);
    let mut child =
        command.stdout(Stdio::piped()).kill_on_drop(true).spawn().map_err(Error::io("the tool"))?;
    let pid = child.id().unwrap_or_default();
    let out = child.stdout.take().ok_or_else(|| Error::Bug("no standard output".into()))?;
    let mut lines = BufReader::new(out).lines();
    let (mut events, mut peak_mb, mut cpu_s) = (Vec::new(), 0.0_f64, 0.0_f64);
    while let Some(line) = lines.next_line().await.map_err(Error::io("the tool"))? {
        events.push(serde_json::from_str::<Value>(&line).map_err(|e| Error::Bug(format!("{e}: {line}")))?);
        peak_mb = peak_mb.max(peak(pid).unwrap_or(0.0));
        cpu_s = cpu_s.max(cpu(pid).unwrap_or(0.0));
    }
    let status = child.wait().await.map_err(Error::io("the tool"))?;
    if !status.success() {
        return Err(Error::Bug(format!("{words:?} ended with {status}: {:?}", events.last())));
    }
    Ok(Run { events, peak_mb, cpu_share: cpu_s / began.elapsed().as_secs_f64() })
}

/// Peak memory of a process in MB (proc(5), `VmHWM`); only Linux tells.
fn peak(pid: u32) -> Option<f64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.parse::<f64>().ok().map(|kb| kb / 1024.0)
}

/// Seconds of a processor that a process has used (proc(5): `utime` and `stime`, in hundredths); only Linux tells.
fn cpu(pid: u32) -> Option<f64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = |n: usize| fields.get(n)?.parse::<f64>().ok();
    Some((ticks(11)? + ticks(12)?) / 100.0)
}
