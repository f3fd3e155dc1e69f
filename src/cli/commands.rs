//! Each command carried out: the words become a request, the request goes to the engine, the answer is printed.
//!
//! Holds no SQL and no order of steps. Words that ask for what this version refuses are refused before anything
//! connects, and a transaction-mode pooler before anything else is done.

use std::io::IsTerminal;

use crate::{
    cli::{
        args::{Args, Command, Ui},
        manual, print,
    },
    error::{Error, Result},
    pg::{Target, pooler::refuse_transaction_pooler},
};

/// Where a run's events go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Face {
    /// The console.
    Console,
    /// One line an event.
    Plain,
    /// One JSON object an event.
    Json,
}

impl Face {
    /// `auto` is the console on a terminal, plain lines elsewhere.
    pub fn of(ui: Ui) -> Self {
        match ui {
            Ui::Tui => Self::Console,
            Ui::Json => Self::Json,
            Ui::Auto if std::io::stdout().is_terminal() && std::io::stdin().is_terminal() => Self::Console,
            Ui::Auto | Ui::Plain => Self::Plain,
        }
    }
}

/// Carries out a command; the exit code where it ends without an error.
pub(super) async fn dispatch(args: &Args) -> Result<u8> {
    let Some(command) = &args.command else {
        return engine(args, "console").await;
    };
    match command {
        Command::Completions { shell } => {
            print::text(&manual::completions(*shell));
            Ok(0)
        }
        Command::Man => {
            print::text(&manual::manual()?);
            Ok(0)
        }
        Command::Plan(plan) => {
            let _request = plan.plan.request(&plan.table)?;
            engine(args, "plan").await
        }
        Command::Run(run) => {
            let _request = run.plan.request(&run.table)?;
            engine(args, "run").await
        }
        Command::Demo(_) => engine(args, "demo").await,
        Command::Status(_) => engine(args, "status").await,
        Command::Pause(_) => engine(args, "pause").await,
        Command::Resume(_) => engine(args, "resume").await,
        Command::Verify(_) => engine(args, "verify").await,
        Command::Repair(_) => engine(args, "repair").await,
        Command::Swap(_) => engine(args, "swap").await,
        Command::Reverse(_) => engine(args, "reverse").await,
        Command::Abort(_) => engine(args, "abort").await,
        Command::Finish(_) => engine(args, "finish").await,
        Command::Report(_) => engine(args, "report").await,
    }
}

/// The server that the words and the environment name; refuses a transaction-mode pooler.
pub async fn connect(args: &Args) -> Result<Target> {
    let target = Target::resolve(args.conn())?;
    refuse_transaction_pooler(&target).await?;
    Ok(target)
}

/// What the engine will carry out.
async fn engine(args: &Args, what: &str) -> Result<u8> {
    connect(args).await?;
    Err(Error::Bug(format!("{what} is not connected to the engine yet")))
}
