//! The face of scripts: words in, lines and exit codes out. The only floor that prints.
//!
//! [`args`] is the contract's grammar, [`output`] the pure renderers, [`commands`] where a command is carried
//! out. Standard output carries what was asked for and nothing else; errors and warnings go to standard error.

mod appointment;
pub mod args;
mod ask;
mod asker;
mod audit;
pub mod commands;
pub mod config;
mod console;
mod demo;
pub mod everywhere;
mod exit;
mod follow;
pub mod grammar;
mod ids;
pub mod logging;
mod maintain;
pub mod manner;
pub mod manual;
mod nearest;
pub mod output;
pub mod print;
mod retain;
mod run;
mod show;
mod signals;
mod upkeep;
mod values;

use std::ffi::OsString;

use self::{args::Args, grammar::Answer, logging::Logging};

/// Reads the words; `Err` is the exit code after help, a version or a usage error has been printed.
pub fn parse(words: impl IntoIterator<Item = OsString>) -> Result<Args, u8> {
    grammar::read(words).map_err(|answer| match answer {
        Answer::Text(text) => {
            print::text(&text);
            0
        }
        Answer::Fault(error) => print::failure(&error),
    })
}

/// Carries out what the words ask for, and returns the exit code.
pub async fn run(mut args: Args) -> u8 {
    if args.connects()
        && let Err(error) = config::settle(&mut args, &variable)
    {
        return print::failure(&error);
    }
    let _logging = args.connects().then(|| start_log(&args));
    match Box::pin(commands::dispatch(&args)).await {
        Ok(code) => code,
        Err(error) => print::failure(&error),
    }
}

/// A variable of this process; one that is not UTF-8 says nothing.
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// The log, before there is a face: what is wrong with it is said on standard error.
fn start_log(args: &Args) -> Logging {
    let logging = Logging::start(args.everywhere.log_file.as_deref());
    for words in &logging.warnings {
        print::warning(words);
    }
    logging
}
