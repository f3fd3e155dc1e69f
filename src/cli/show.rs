//! Commands that only look: plan, status, report.

use chrono::Utc;

use crate::{
    cli::{
        args::{Blockers, PlanCommand, Status, Tune},
        output, print,
        upkeep::{Health, Report},
    },
    engine::{audit, event::Event, health, launch, plan, readiness, watcher},
    error::{Error, Result},
    pg::{Session, Target, journal::mail},
    tui::harmless::harmless,
};

/// Events read at once.
const BATCH: i64 = 1_000;

/// `quarterdeck plan`.
pub(super) async fn plan(target: &Target, words: &PlanCommand) -> Result<u8> {
    let request = words.plan.request(&words.table)?;
    let mut session = Session::open(target, "plan").await?;
    if words.compare {
        let alternatives = plan::compare::weigh(&session, &request).await?.alternatives;
        print::text(&if words.json {
            output::compare::json(&alternatives) + "\n"
        } else {
            output::compare::text(&words.table, &alternatives)
        });
        return Ok(0);
    }
    let plan = audit::plan(&mut session, &request).await?;
    print::text(&match (words.sql, words.json) {
        (true, _) => output::plan::sql(&plan),
        (false, true) => output::plan::json(&plan) + "\n",
        (false, false) => output::plan::text(&plan),
    });
    Ok(0)
}

/// `quarterdeck status`.
pub(super) async fn status(target: &Target, words: &Status) -> Result<u8> {
    let session = Session::open(target, "status").await?;
    let mut pictures = Vec::new();
    for row in launch::list(&session, words.table.as_deref()).await? {
        pictures.push(watcher::picture(&session, row.scheme.id).await?);
    }
    print::text(&match (&words.table, words.json) {
        (_, true) => output::status::json(&pictures) + "\n",
        (Some(table), false) if pictures.is_empty() => {
            format!("there is no migration of {}\n", harmless(table))
        }
        (_, false) => output::status::text(&pictures),
    });
    Ok(0)
}

/// `quarterdeck blockers`, without `--cancel`.
pub(super) async fn blockers(target: &Target, words: &Blockers) -> Result<u8> {
    let session = Session::open(target, "blockers").await?;
    let found = launch::find(&session, &words.table).await?;
    let scheme = found.ok_or_else(|| no_migration(&words.table))?.scheme;
    let blockers = readiness::blockers(&session, &scheme).await?;
    print::text(&if words.json {
        output::blockers::json(&blockers) + "\n"
    } else {
        output::blockers::text(&scheme.source().plain(), &blockers, Utc::now())
    });
    Ok(0)
}

/// `quarterdeck tune`, without a change.
pub(super) async fn signals(target: &Target, words: &Tune) -> Result<u8> {
    let session = Session::open(target, "tune").await?;
    let row = launch::find(&session, &words.table).await?.ok_or_else(|| no_migration(&words.table))?;
    let status = watcher::picture(&session, row.scheme.id).await?;
    let signals = output::signals::rows(&row.limits, &status.throttle);
    print::text(&if words.json {
        output::signals::json(&signals) + "\n"
    } else {
        output::signals::text(&signals)
    });
    Ok(0)
}

/// `quarterdeck health`.
pub(super) async fn health(target: &Target, words: &Health) -> Result<u8> {
    let mut session = Session::open(target, "health").await?;
    let all = match &words.table {
        Some(table) => vec![health::look(&mut session, table, health::Statements::Audit).await?],
        None => health::look_at_all(&mut session).await?,
    };
    print::text(&if words.json { output::health::json(&all) + "\n" } else { output::health::text(&all) });
    Ok(0)
}

/// `quarterdeck report`.
pub(super) async fn report(target: &Target, words: &Report) -> Result<u8> {
    let session = Session::open(target, "report").await?;
    let found = launch::find(&session, &words.table).await?;
    let id = found.ok_or_else(|| no_migration(&words.table))?.scheme.id;
    let status = watcher::picture(&session, id).await?;
    let mut events: Vec<Event> = Vec::new();
    loop {
        let after = events.last().map_or(0, |event| event.seq);
        let batch = mail::events(&session, id, after, BATCH).await?;
        if batch.is_empty() {
            break;
        }
        for (seq, at, body) in batch {
            let body = serde_json::from_value(body)
                .map_err(|error| Error::Bug(format!("event {seq} of the journal: {error}")))?;
            events.push(Event { seq, at, body });
        }
    }
    print::text(&if words.json {
        output::report::json(&status, &events) + "\n"
    } else {
        output::report::markdown(&status, &events)
    });
    Ok(0)
}

/// A table that was never migrated.
pub(super) fn no_migration(table: &str) -> Error {
    Error::Refused {
        id: "QD-093",
        object: table.to_owned(),
        reason: "there is no migration of it in this database".into(),
        remedy: format!("start one with `quarterdeck run {table}`, or see `quarterdeck status`"),
    }
}
