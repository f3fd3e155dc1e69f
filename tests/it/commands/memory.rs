//! The tool's memory, which must not depend on the table.
#![cfg(target_os = "linux")]

use crate::{
    commands::tool::{TABLE, Tool, quiet_shop},
    support::server,
};

/// The limit of the contract, in kB.
const LIMIT: u64 = 48 * 1024;

/// The most memory that a process has had so far, in kB; `None` where it has ended.
fn peak(pid: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}

/// Of the binary that the tests are built with: without optimisation it needs rather more than a release does. The
/// figure only grows, so that the one read at the last event covers all before it. On the first server only: 200,000
/// rows are costly, and the tool's memory is not the server's.
#[tokio::test(flavor = "multi_thread")]
async fn a_conversion_of_200_000_rows_stays_below_48_mb() {
    let db = quiet_shop(&server::all()[0], 200_000).await;
    let mut run = Tool::on(&db).start(&["run", TABLE]);
    let (mut most, mut read) = (0, 0);
    while run.next().await.is_some() {
        if let Some(now) = peak(run.pid()) {
            (most, read) = (now, read + 1);
        }
    }
    run.end().await.closed("ready", 0);
    eprintln!("at most {most} kB, read {read} times");
    assert!(read > 20, "read {read} times");
    assert!(most < LIMIT, "{most} kB");
}
