//! `swap --at` and `swap --between`: this process waits, asks what must hold, and asks for the swap only where all of it
//! does. Nothing is journalled before that: who ends this process calls it off.

use std::time::Duration;

use chrono::Utc;

use crate::{
    cli::{
        ask::{self, Order},
        print,
        show::no_migration,
        signals::Signals,
    },
    engine::{launch, orders, readiness},
    error::{Error, Result},
    model::{
        condition::Condition,
        figures,
        opening::{Opening, Stretch},
    },
    pg::{Session, Target},
};

/// How often the list is asked for while a window is open and something does not hold.
const LOOK_EVERY: Duration = Duration::from_secs(10);
/// A clean pass is asked for, of whatever age: the swap compares again where it is older than `--verify-max-age`.
const EVER: Duration = Duration::from_secs(u32::MAX as u64);
/// The longest sleep at once: the machine's clock may jump, and its sleep is no appointment's.
const NAP: Duration = Duration::from_secs(30);

/// Waits for the opening, then swaps if everything holds; a window that closes without comes again the next day.
pub(super) async fn keep(target: &Target, order: &Order<'_>, opening: Opening) -> Result<u8> {
    let mut signals = Signals::listen()?;
    let now = Utc::now();
    let past = || Error::Usage {
        reason: "the moment of --at is past".into(),
        remedy: format!("it is {} now", now.format("%Y-%m-%dT%H:%M:%SZ")),
    };
    let mut stretch = opening.next(now).ok_or_else(past)?;
    loop {
        let known = list(target, order).await?;
        tell(&known);
        let wait = figures::span(figures::seconds_between(Utc::now(), stretch.from));
        print::line(&format!("swap at {stretch}, in {wait}; ctrl-c calls it off"));
        while let Ok(left) = (stretch.from - Utc::now()).to_std()
            && !left.is_zero()
        {
            rest(&mut signals, order, left.min(NAP)).await?;
        }
        if let Some(code) = attend((target, order), &mut signals, (stretch, known)).await? {
            return Ok(code);
        }
        stretch = opening.next(Utc::now()).ok_or_else(past)?;
    }
}

/// While it is open: asks for the swap when everything holds; `None` when it has closed.
async fn attend(
    (target, order): (&Target, &Order<'_>),
    signals: &mut Signals,
    (stretch, mut told): (Stretch, Vec<Condition>),
) -> Result<Option<u8>> {
    loop {
        let list = list(target, order).await?;
        if list != told {
            tell(&list);
        }
        if list.iter().all(|condition| condition.holds) {
            match (ask::ask(target, order.clone()).await, stretch.to) {
                (Err(error @ Error::Busy { .. }), Some(_)) => print::warning(&error.to_string()),
                (done, _) => return done.map(Some),
            }
        }
        match stretch.to {
            None => return Err(no_go(order, &list)),
            Some(to) if Utc::now() >= to => return Ok(None),
            Some(_) => told = list,
        }
        rest(signals, order, LOOK_EVERY).await?;
    }
}

/// Sleeps, unless the operator calls the appointment off.
async fn rest(signals: &mut Signals, order: &Order<'_>, span: Duration) -> Result<()> {
    tokio::select! {
        () = tokio::time::sleep(span) => Ok(()),
        () = signals.next() => Err(Error::Stopped {
            table: order.table.to_owned(),
            how: "the swap is called off, nothing was changed".into(),
        }),
    }
}

/// The go/no-go list.
async fn list(target: &Target, order: &Order<'_>) -> Result<Vec<Condition>> {
    let mut session = Session::open(target, "appointment").await?;
    let row = launch::find(&session, order.table).await?.ok_or_else(|| no_migration(order.table))?;
    let decided = orders::decide((row.scheme.strategy, row.phase), &order.command);
    if row.phase.is_over() || row.phase.is_swapped() {
        let reason = decided.err().unwrap_or_else(|| format!("it is {}", row.phase));
        return Err(refused(order, reason));
    }
    let phase = Condition {
        name: "phase".into(),
        holds: decided.is_ok() && row.paused.is_none(),
        detail: row.paused.clone().unwrap_or_else(|| row.phase.word().into()),
    };
    let mut list = vec![phase];
    if decided.is_ok() {
        list.extend(readiness::of_journal(&mut session, &row, EVER).await?);
    }
    Ok(list)
}

fn tell(list: &[Condition]) {
    let width = list.iter().map(|condition| condition.name.chars().count()).max().unwrap_or(0);
    for Condition { name, holds, detail } in list {
        print::line(&format!("{} {name:width$}  {detail}", if *holds { "go   " } else { "no go" }));
    }
}

fn no_go(order: &Order<'_>, list: &[Condition]) -> Error {
    let red: Vec<_> = list.iter().filter(|c| !c.holds).map(|c| format!("{}: {}", c.name, c.detail)).collect();
    refused(order, red.join("; "))
}

fn refused(order: &Order<'_>, reason: String) -> Error {
    Error::Refused {
        id: "QD-095",
        object: order.table.to_owned(),
        reason,
        remedy: "mend what does not hold, then set another time; `quarterdeck status` shows the same list"
            .into(),
    }
}
