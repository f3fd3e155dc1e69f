//! What the console asks of the world. The engine's side implements it; tests script it.

use std::{future::Future, sync::Arc};

use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{
    engine::{command::Asker, link::Link},
    error::Report,
    model::{
        health::Health,
        listing::TableListing,
        plan::{Plan, Request},
    },
    tui::app::{
        model::Place,
        upkeep::{
            Answer, Question,
            work::{Chore, Outcome, Told},
        },
    },
};

/// Who hears how far a chore is.
pub type Said = Box<dyn Fn(Told) + Send + Sync>;

/// What ends a chore before it is through.
#[derive(Clone, Debug, Default)]
pub struct Halt {
    /// After what it has in hand.
    pub soon: CancellationToken,
    /// That is cancelled as well.
    pub now: CancellationToken,
}

/// A linked migration.
#[derive(Debug)]
pub struct Opened {
    /// The three channels.
    pub link: Link,
    /// Its plan, made again from the journal's scheme; `None` where it cannot be.
    pub plan: Option<Arc<Plan>>,
}

/// The console's desk: where it gets tables, plans and migrations from.
pub trait Desk: Send + Sync + 'static {
    /// Where this is.
    fn place(&self) -> Place;

    /// In whose name commands are sent.
    fn asker(&self) -> Asker;

    /// Whether the server is a standby now.
    fn is_standby(&self) -> impl Future<Output = Result<bool, Report>> + Send;

    /// The tables of the database.
    fn tables(&self) -> impl Future<Output = Result<Vec<TableListing>, Report>> + Send;

    /// The health of a partitioned table, named as SQL.
    fn health(&self, table: String) -> impl Future<Output = Result<Health, Report>> + Send;

    /// What a page of the health screen, the wizard or the window about a row asks. Where nobody wants it any more, it may be
    /// given up.
    fn answer(
        &self,
        question: Question,
        unwanted: CancellationToken,
    ) -> impl Future<Output = Result<Answer, Report>> + Send;

    /// Does a chore, until it is done or is halted; `said` hears how far it is.
    fn work(
        &self,
        chore: Chore,
        said: Said,
        halt: Halt,
    ) -> impl Future<Output = Result<Outcome, Report>> + Send;

    /// A plan; a refusal of preflight is an error.
    fn plan(&self, request: Request) -> impl Future<Output = Result<Plan, Report>> + Send;

    /// Starts the migration that the plan shows.
    fn start(&self, request: Request, plan: Arc<Plan>)
    -> impl Future<Output = Result<Opened, Report>> + Send;

    /// Opens a migration of the journal: watches its owner, or takes over where there is none.
    fn open(&self, migration: Uuid) -> impl Future<Output = Result<Opened, Report>> + Send;
}
