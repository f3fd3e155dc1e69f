//! Each command carried out: the words become a request, the request goes to the engine, the answer is printed.
//!
//! Holds no SQL and no order of steps. Words that ask for what this version refuses are refused before anything
//! connects, and a transaction-mode pooler before anything else is done.

use std::io::IsTerminal;

use crate::{
    cli::{
        appointment,
        args::{Args, Command, Exchange, Explain, PlanCommand, Swap, Tune, Ui},
        ask::{self, Order},
        audit,
        config::{self, Config},
        console, demo, ids, logging, maintain,
        manner::Limits,
        manual, output, print, retain, run, show,
        upkeep::ConfigCommand,
        variable,
    },
    engine::command::Command as Asks,
    error::{Error, Result},
    model::explain,
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
        return console::open(args).await;
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
        Command::Explain(words) => {
            print::text(&explain(words)?);
            Ok(0)
        }
        Command::Config(words) => settings(args, words.doing.unwrap_or(ConfigCommand::Print)),
        Command::Plan(words) => {
            let planned = plan(args, words).await;
            if let (Err(error), true) = (&planned, words.json) {
                print::text(&(output::json::failure(error) + "\n"));
            }
            planned
        }
        Command::Run(words) => run::run(args, words).await,
        Command::Demo(flags) => demo::run(args, flags).await,
        Command::Status(words) => show::status(&connect(args).await?, words).await,
        Command::Blockers(words) => match words.cancel {
            Some(pid) => ask(args, &words.table, Asks::EndBlocker { pid }).await,
            None => show::blockers(&connect(args).await?, words).await,
        },
        Command::Health(words) => show::health(&connect(args).await?, words).await,
        Command::Audit(words) => audit::run(async || connect(args).await, words).await,
        Command::Retain(words) => retain::run(&connect(args).await?, words).await,
        Command::Maintain(words) => maintain::run(&connect(args).await?, words).await,
        Command::Ids(words) => ids::run(&connect(args).await?, words).await,
        Command::Report(words) => show::report(&connect(args).await?, words).await,
        Command::Pause(of) => ask(args, &of.table, Asks::Pause).await,
        Command::Resume(of) => ask(args, &of.table, Asks::Resume).await,
        Command::Tune(words) => tune(args, words).await,
        Command::Verify(of) => ask(args, &of.table, Asks::Verify).await,
        Command::Repair(of) => ask(args, &of.table, Asks::Repair).await,
        Command::Abort(of) => ask(args, &of.table, Asks::Abort).await,
        Command::Finish(words) => {
            ask(args, &words.of.table, Asks::Finish { drop_source: words.drop_source }).await
        }
        Command::Swap(words) => swap(args, words).await,
        Command::Reverse(words) => {
            exchange(args, &words.exchange, Asks::Reverse { move_rows: words.move_rows }).await
        }
    }
}

/// Words that ask for what this version refuses are refused before anything connects.
async fn plan(args: &Args, words: &PlanCommand) -> Result<u8> {
    words.plan.request(&words.table)?;
    show::plan(&connect(args).await?, words).await
}

/// Changes what is to be changed; shows the signals where nothing is.
async fn tune(args: &Args, words: &Tune) -> Result<u8> {
    if words.limit.is_empty() && words.workers.is_none() {
        return show::signals(&connect(args).await?, words).await;
    }
    let (settings, workers) = (words.limit.clone(), words.workers);
    ask(args, &words.table, Asks::Tune { settings, workers }).await
}

async fn ask(args: &Args, table: &str, command: Asks) -> Result<u8> {
    let order = Order { table, command, limits: Limits::default().or(&args.config) };
    ask::ask(&connect(args).await?, order).await
}

async fn swap(args: &Args, words: &Swap) -> Result<u8> {
    let Some(opening) = words.at.or(words.between) else {
        let command = if words.rehearse { Asks::Rehearse } else { Asks::Swap };
        return exchange(args, &words.exchange, command).await;
    };
    let Exchange { of, limits } = &words.exchange;
    let order = Order { table: &of.table, command: Asks::Swap, limits: *limits };
    appointment::keep(&connect(args).await?, &order, opening).await
}

async fn exchange(args: &Args, words: &Exchange, command: Asks) -> Result<u8> {
    let order = Order { table: &words.of.table, command, limits: words.limits };
    ask::ask(&connect(args).await?, order).await
}

/// The long form of a finding, or all of them: neither server nor log is needed.
fn explain(words: &Explain) -> Result<String> {
    let Some(typed) = &words.id else {
        return Ok(if words.json { output::explain::json_of_all() + "\n" } else { output::explain::list() });
    };
    let found = explain::find(typed).ok_or_else(|| Error::Usage {
        reason: format!("there is no finding {typed}"),
        remedy: format!(
            "the nearest are {}; `quarterdeck explain` lists all of them",
            explain::nearest(typed).join(", ")
        ),
    })?;
    Ok(if words.json { output::explain::json(found) + "\n" } else { output::explain::text(found) })
}

/// The settings that hold, or where their file is: neither server nor log is needed.
fn settings(args: &Args, doing: ConfigCommand) -> Result<u8> {
    let place = config::place(args, &variable);
    match doing {
        ConfigCommand::Path => {
            let place = place.ok_or_else(|| Error::Usage {
                reason: "there is no place for settings: neither XDG_CONFIG_HOME nor HOME is set".into(),
                remedy: "name a file with --config".into(),
            })?;
            print::line(&place.path.display().to_string());
        }
        ConfigCommand::Print => {
            let config = Config::load(place.as_ref())?;
            let log = logging::usual_path(variable);
            let said = config::effective(&args.everywhere, &config, log.as_deref(), variable);
            print::text(&output::config::text(&said, &config));
        }
    }
    Ok(0)
}

/// The server that the words and the environment name; refuses a transaction-mode pooler.
pub async fn connect(args: &Args) -> Result<Target> {
    let target = Target::resolve(args.conn())?;
    refuse_transaction_pooler(&target).await?;
    Ok(target)
}
