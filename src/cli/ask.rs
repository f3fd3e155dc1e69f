//! Commands about a migration: a live owner is asked by a row of the journal, and its answer waited for; where
//! nobody owns it, a worker of this process does what was asked and leaves.

use std::time::Duration;

use tokio::time::Instant;

use crate::{
    cli::{
        asker,
        commands::Face,
        exit::STOPPED,
        follow::{Followed, Follower, News, ticks},
        manner::Limits,
        print,
        show::no_migration,
    },
    engine::{
        command::{Asked, Command},
        context::{Options, Until},
        event::Body,
        launch, orders, watcher, worker,
    },
    error::{Error, Report, Result},
    model::phase::LeafState,
    pg::{
        Session, Target,
        journal::{
            mail::{self, CommandRow},
            read::{self, MigrationRow, OwnerRow},
        },
        owner::Claim,
    },
};

/// How long an owner may take to take a command on.
const ACKNOWLEDGEMENT: Duration = Duration::from_secs(10);
/// How long an owner may be gone before its answer is given up.
const GRACE: Duration = Duration::from_secs(30);
/// How long an owner may be gone before a command that it has not taken on is taken back.
const LEFT: Duration = Duration::from_secs(2);
/// How often ownership may change hands under us.
const CONTESTS: u32 = 3;

/// What is asked of which table.
#[derive(Clone, Debug)]
pub(super) struct Order<'a> {
    /// As typed.
    pub(super) table: &'a str,
    /// What.
    pub(super) command: Command,
    /// How long things may take.
    pub(super) limits: Limits,
}

/// Has a command carried out, and says how it ended.
pub(super) async fn ask(target: &Target, order: Order<'_>) -> Result<u8> {
    let mut follower = Follower::new(Face::Plain, asker::of(target))?;
    for contest in 1.. {
        let session = Session::open(target, "command").await?;
        let row = launch::find(&session, order.table).await?.ok_or_else(|| no_migration(order.table))?;
        let owner = read::owner(&session, row.scheme.id).await?.filter(|owner| owner.alive);
        if let Some(owner) = owner {
            match mailed(&mut follower, &session, &row, (&order.command, &owner)).await? {
                None if contest < CONTESTS => continue,
                None => return Err(silent(&format!("{} pid {}", owner.host, owner.pid), "is gone")),
                Some(code) => return Ok(code),
            }
        }
        allowed(&row, &order.command)?;
        if order.command == Command::Repair {
            something_differs(&session, &row).await?;
        }
        match alone(&mut follower, session, &row, &order).await? {
            Followed::Left => return Ok(STOPPED),
            Followed::Ended { result: Err(Error::Busy { .. }), owned: false, .. } if contest < CONTESTS => {}
            Followed::Ended { result, closed, owned: _ } => {
                if let Some(event) = closed {
                    follower.event(&event);
                }
                let end = result?;
                if order.command == Command::Resume {
                    follower.say(&format!("nobody owns it; `quarterdeck run {}` goes on", order.table));
                }
                return Ok(end.words(Until::Asked).1);
            }
        }
    }
    Err(Error::Bug("the contest for ownership never ended".into()))
}

/// What the phase and a pause allow, before anything is taken over.
fn allowed(row: &MigrationRow, command: &Command) -> Result<()> {
    let table = row.scheme.source().plain();
    orders::judge((row.scheme.strategy, row.phase), command).map_err(|reason| unfit(row, reason))?;
    match &row.paused {
        Some(how) if !matches!(command, Command::Pause | Command::Resume | Command::Abort) => {
            Err(Error::Stopped { table, how: how.clone() })
        }
        Some(_) | None => Ok(()),
    }
}

fn unfit(row: &MigrationRow, reason: String) -> Error {
    Error::Refused {
        id: "QD-091",
        object: row.scheme.source().plain(),
        reason,
        remedy: "see `quarterdeck status` for where it stands".into(),
    }
}

/// Nobody is taken over for a repair of nothing.
async fn something_differs(session: &Session, row: &MigrationRow) -> Result<()> {
    let leaves = read::leaves(session, row.scheme.id).await?;
    if leaves.iter().any(|leaf| leaf.state == LeafState::Differs) {
        Ok(())
    } else {
        Err(unfit(row, orders::NOTHING_DIFFERS.into()))
    }
}

async fn alone(
    follower: &mut Follower,
    session: Session,
    row: &MigrationRow,
    order: &Order<'_>,
) -> Result<Followed> {
    let picture = launch::first_picture(&session, row.scheme.id).await?;
    let target = session.target().clone();
    drop(session);
    let options = Options {
        until: Until::Asked,
        first: Some(order.command.clone()),
        asker: follower.asker().clone(),
        claim: Claim::IfFree,
        workers: None,
        lock_budget: order.limits.lock_budget(),
        verify_max_age: order.limits.verify_max_age(),
    };
    Ok(follower.worker(worker::start(target, row.scheme.id, options, picture)).await)
}

/// Writes the command, waits until it is taken on, then until it is done; `None` where the owner left without having
/// taken it on.
async fn mailed(
    follower: &mut Follower,
    session: &Session,
    row: &MigrationRow,
    (command, owner): (&Command, &OwnerRow),
) -> Result<Option<u8>> {
    let id = row.scheme.id;
    let seen = mail::newest_event(session, id).await?;
    let mut link = watcher::watch(session.target(), id, seen).await?;
    let asked = Asked { command: command.clone(), by: follower.asker().clone() };
    let json = serde_json::to_value(&asked).map_err(|error| Error::Bug(error.to_string()))?;
    let letter = mail::send(session, id, &json).await?;
    let who = format!("{} pid {}", owner.host, owner.pid);
    let (sent, mut gone, mut ticks) = (Instant::now(), None, ticks());
    loop {
        match follower.news(&mut link, &mut ticks).await {
            News::Event(event) => {
                if !matches!(event.body, Body::Closed { .. }) {
                    follower.event(&event);
                }
            }
            News::Signal => return leave(session, letter, command, &who).await.map(Some),
            News::Picture | News::Gone => {
                let answer = mail::command(session, letter).await?;
                if answer.finished_at.is_some() {
                    return Ok(Some(answered(follower, answer, command)));
                }
                let waits = answer.accepted_at.is_none() && sent.elapsed() > ACKNOWLEDGEMENT;
                if waits && mail::withdraw(session, letter).await? {
                    return Err(silent(&who, "does not take the command on"));
                }
                let alive = link.status.borrow().owner.as_ref().is_some_and(|owner| owner.alive);
                let since = *gone.get_or_insert_with(Instant::now);
                if alive {
                    gone = None;
                } else if answer.accepted_at.is_none()
                    && since.elapsed() > LEFT
                    && mail::withdraw(session, letter).await?
                {
                    return Ok(None);
                } else if since.elapsed() > GRACE {
                    return Err(silent(&who, "is gone, and did not say how the command ended"));
                }
            }
        }
    }
}

/// The operator does not wait: what nobody has taken on is taken back.
async fn leave(session: &Session, letter: i64, command: &Command, who: &str) -> Result<u8> {
    if !mail::withdraw(session, letter).await? {
        print::warning(&format!("{who} has taken {} on and goes on with it", command.word()));
    }
    Ok(STOPPED)
}

fn answered(follower: &Follower, answer: CommandRow, command: &Command) -> u8 {
    let Some(error) = answer.error else {
        follower.say(&format!("{}: done", command.word()));
        return 0;
    };
    match serde_json::from_value::<Report>(error.clone()) {
        Ok(report) => print::report(&report),
        Err(_) => print::failure(&Error::Bug(format!("the owner's answer is {error}"))),
    }
}

fn silent(who: &str, how: &str) -> Error {
    Error::Busy {
        object: format!("the owner, {who},"),
        reason: how.into(),
        remedy: "see `quarterdeck status`; `quarterdeck run … --takeover` replaces it".into(),
    }
}
