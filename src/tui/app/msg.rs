//! What can happen to the console, and what it can ask for.

use std::sync::Arc;

use uuid::Uuid;

use crate::{
    engine::{
        command::Command,
        event::Event,
        link::{Past, Source},
        status::Status,
    },
    error::Report,
    model::{
        health::Health,
        listing::TableListing,
        plan::{Plan, Request},
    },
    tui::{
        app::upkeep::{
            Answer, Question,
            work::{Chore, Outcome, Told},
        },
        keymap::Stroke,
    },
};

/// Something happened.
#[derive(Clone, Debug)]
pub enum Msg {
    /// A key was pressed.
    Key(Stroke),
    /// Text was pasted: goes into an entry line or nowhere, so it can never press a key.
    Paste(String),
    /// The terminal has another size: columns, rows.
    Resize(u16, u16),
    /// What is on screen: how many lines the text in front can be scrolled.
    Drawn(usize),
    /// Time passed.
    Tick,
    /// The latest picture.
    Status(Arc<Status>),
    /// Something for the log.
    Event(Box<Event>),
    /// The list of tables, or why there is none.
    Tables(Result<Vec<TableListing>, Report>),
    /// The health of a table (as SQL), or why it cannot be known.
    Health(String, Result<Arc<Health>, Report>),
    /// What the desk says to a question, or why it does not know.
    Answered(Question, Result<Answer, Report>),
    /// A chore said something.
    Told(Told),
    /// A chore has ended.
    Worked(Result<Outcome, Report>),
    /// The plan for a request, or why there is none.
    Plan(Request, Result<Arc<Plan>, Report>),
    /// A migration is linked, or why not.
    Linked(Result<Tie, Report>),
    /// The migration's channels ended.
    Closed,
    /// A file was written (its whole path), or why not.
    Exported(Result<String, Report>),
    /// A command could not be handed over.
    Unsent(String),
    /// A thread other than the console's panicked.
    Panicked(PanicReport),
    /// The process is asked to leave.
    Signal(Signal),
    /// Whether the server is a standby by now.
    Standby(bool),
    /// The process goes on after ctrl-Z.
    Continued,
}

/// What is known of a migration that is linked.
#[derive(Clone, Debug, Default)]
pub struct Tie {
    /// Who is at the other end.
    pub source: Source,
    /// Its plan, where it is known.
    pub plan: Option<Arc<Plan>>,
    /// What had happened before.
    pub past: Past,
}

/// What the runner shall do.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Send a command to the owner.
    Send(Command),
    /// Read the list of tables.
    ListTables,
    /// Look at the health of a table, named as SQL.
    Look(String),
    /// Ask the desk.
    Ask(Question),
    /// Begin a chore.
    Work(Chore),
    /// Stop the chore that runs, after what it has in hand.
    StopWork,
    /// Cancel what it has in hand.
    CancelWork,
    /// Make a plan.
    MakePlan(Request),
    /// Start the migration that the plan shows.
    Start(Request, Arc<Plan>),
    /// Open a migration of the journal: watch its owner, or take over where there is none.
    Open(Uuid),
    /// Put text on the clipboard.
    Copy(String),
    /// Write a new file.
    Export {
        /// Its path, relative to the working directory.
        path: String,
        /// What goes into it.
        contents: String,
    },
    /// Draw everything again.
    Redraw,
    /// Hand the terminal back to the shell (ctrl-Z).
    Suspend,
    /// Leave.
    Quit,
}

/// What asks the process to leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// SIGINT.
    Interrupt,
    /// SIGTERM.
    Terminate,
    /// SIGHUP.
    Hangup,
    /// No signal: the terminal's input ended, or nothing can be written to it.
    Lost,
}

/// A panic, as the hook saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PanicReport {
    /// The thread's name.
    pub thread: String,
    /// The panic's message.
    pub message: String,
    /// `file:line`.
    pub place: String,
}
