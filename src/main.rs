//! The binary: reads the words, runs them, exits with the code of the contract.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    process::ExitCode,
    time::Duration,
};

use quarterdeck::cli;
use tokio::runtime::Builder;

/// The work is the server's; two threads keep the face alive while one of them formats or compares.
const THREADS: usize = 2;
/// How long what is still running at the end may take to let go.
const PARTING: Duration = Duration::from_secs(2);

fn main() -> color_eyre::Result<ExitCode> {
    color_eyre::install()?;
    let args = match cli::parse(std::env::args_os()) {
        Ok(args) => args,
        Err(code) => return Ok(ExitCode::from(code)),
    };
    let runtime = Builder::new_multi_thread().worker_threads(THREADS).enable_all().build()?;
    // The hook has reported a panic; it ends with the code for "failed, resumable". The console needs this thread.
    let run = AssertUnwindSafe(|| runtime.block_on(cli::run(args)));
    let code = catch_unwind(run).unwrap_or(1);
    runtime.shutdown_timeout(PARTING);
    Ok(ExitCode::from(code))
}
