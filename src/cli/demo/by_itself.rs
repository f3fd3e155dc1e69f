//! The demo without a console: there and back and there again, every step through the engine, and the account at the
//! end. It shows what the engine says and decides nothing but the order of the commands.

use std::time::Duration;

use uuid::Uuid;

use super::summary::{self, Account};
use crate::{
    cli::{
        commands::Face,
        console::asker,
        exit::STOPPED,
        manner::Limits,
        output::{json, plain},
        print,
        signals::Signals,
    },
    demo::Demo,
    engine::{
        command::{Asked, Asker, Command},
        context::{Options, Until},
        event::{Body, Event},
        launch, plan,
        worker::{self, End, Worker},
    },
    error::{Error, Result},
    model::{phase::Phase, plan::Request, throttle},
    pg::{Session, Target, owner::Claim},
};

/// How often plain lines say where it stands while nothing else happens.
const PROGRESS: Duration = Duration::from_secs(3);

/// Converts the demo's table, gives the name back, takes it again and finishes; the exit code.
pub(super) async fn convert(demo: &mut Demo, face: Face, signals: &mut Signals) -> Result<u8> {
    let mut account = Account::default();
    let end = legs(demo.target(), face, signals, &mut account).await?;
    account.tally = demo.stop_traffic().await;
    account.difference = demo.difference().await?;
    account.tell(face);
    let (word, code) = match end {
        End::Stopped => ("stopped", STOPPED),
        End::Aborted | End::Done | End::Reached(_) => account.verdict(),
    };
    if face == Face::Json {
        print::line(&summary::closed(word, code));
    }
    Ok(code)
}

/// Leg after leg, until one does not reach its goal.
async fn legs(target: &Target, face: Face, signals: &mut Signals, account: &mut Account) -> Result<End> {
    let session = Session::open(target, "demo").await?;
    let plan = plan::plan(&session, &Request::of(&Demo::table().plain())).await?;
    for finding in &plan.warnings {
        print::warning(&format!("{}: {} ({})", finding.object, finding.reason, finding.id));
    }
    launch::journal(target, &plan.scheme, launch::WORKERS, &throttle::Limits::default()).await?;
    let legs = [
        (Until::Ready, None),
        (Until::Asked, Some(Command::Swap)),
        (Until::Asked, Some(Command::Reverse { move_rows: false })),
        (Until::Asked, Some(Command::Swap)),
        (Until::Finished, None),
    ];
    let by = asker(target, "signal");
    let mut end = End::Done;
    for (until, first) in legs {
        let worker = start(&session, plan.scheme.id, until, first).await?;
        end = follow(worker, (face, &by), signals, account).await?;
        if matches!(end, End::Stopped | End::Aborted) {
            break;
        }
    }
    Ok(end)
}

async fn start(session: &Session, migration: Uuid, until: Until, first: Option<Command>) -> Result<Worker> {
    let target = session.target().clone();
    let limits = Limits::default();
    let options = Options {
        until,
        first,
        asker: asker(&target, "demo"),
        claim: Claim::IfFree,
        workers: None,
        lock_budget: limits.lock_budget(),
        verify_max_age: limits.verify_max_age(),
    };
    let picture = launch::first_picture(session, migration).await?;
    Ok(worker::start(target, migration, options, picture))
}

/// Shows what a worker says until it has ended. A signal stops it; the second one no longer waits for it.
async fn follow(
    mut worker: Worker,
    (face, by): (Face, &Asker),
    signals: &mut Signals,
    account: &mut Account,
) -> Result<End> {
    let mut stopping = false;
    loop {
        tokio::select! {
            event = worker.link.events.recv() => match event {
                Some(event) => show(&event, face, account),
                None => break,
            },
            () = signals.next() => {
                let asked = Asked { command: Command::Stop, by: by.clone() };
                if stopping || worker.link.commands.try_send(asked).is_err() {
                    worker.end.abort();
                    return Ok(End::Stopped);
                }
                stopping = true;
                print::note("finishing what is in hand, then removing the demo; once more does not wait");
            }
            () = tokio::time::sleep(PROGRESS), if face == Face::Plain => {
                print::line(&plain::progress(&worker.link.status.borrow()));
            }
        }
    }
    account.rows = account.rows.max(worker.link.status.borrow().rows.source);
    let end = worker.end.await.map_err(|panic| Error::Bug(format!("the worker: {panic}")))??;
    Ok(if stopping { cut_short(end) } else { end })
}

/// How a leg ended that was asked to stop: one that reached its goal all the same is followed by no other.
fn cut_short(end: End) -> End {
    match end {
        End::Reached(Phase::Finished) | End::Aborted => end,
        End::Reached(_) | End::Done | End::Stopped => End::Stopped,
    }
}

/// Between the legs one worker's end is not the end of the stream.
fn show(event: &Event, face: Face, account: &mut Account) {
    account.take(&event.body);
    match face {
        _ if matches!(event.body, Body::Closed { .. }) => {}
        Face::Json => print::line(&json::line(event)),
        Face::Plain | Face::Console => print::line(&plain::line(event)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signal_in_the_last_moment_of_a_leg_begins_no_other() {
        for end in [End::Reached(Phase::Ready), End::Done, End::Stopped] {
            assert_eq!(cut_short(end), End::Stopped);
        }
        let finished = End::Reached(Phase::Finished);
        assert_eq!(cut_short(finished), finished, "nothing is left to stop");
    }
}
