//! Makes a recording: a demo's server with its traffic, a conversion by the engine, and all that the console's link says.
//!
//! What is written is what was heard, but for two words: this machine's name is `workstation`, and who ordered is `you`.

use std::{
    io::Write,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use chrono::Utc;
use flate2::{Compression, write::GzEncoder};
use quarterdeck::{
    demo::{Afterwards, Demo, Options as DemoOptions},
    engine::{
        audit::{self, Origin},
        command::{Asked, Asker, Command},
        context::{Options, Until},
        event::Body,
        health::{self, Statements},
        ids, launch,
        link::Link,
        maintain,
        plan::{self, compare::weigh},
        status::Status,
        worker,
    },
    model::{
        phase::{Phase, State},
        plan::Request,
        throttle::Limits,
    },
    pg::{Session, Target, catalog, owner, owner::Claim},
};
use serde_json::Value;

use super::recording::{self, Entry, Heard, Line, Stage, Timed, Trouble};

/// Rows of the demo's table: enough that the copying lasts.
pub(crate) const ROWS: u32 = 5_000_000;
const TPS: u32 = 200;
/// What stands for this machine's name.
const HOST: &str = "workstation";
/// How long the application goes on at *ready* and after the swap, so that both are seen at work.
const LINGER: Duration = Duration::from_secs(5);
/// Longest wait for a phase.
const PATIENCE: Duration = Duration::from_mins(20);
/// Shortest time between two pictures of the file.
const APART: chrono::TimeDelta = chrono::TimeDelta::milliseconds(240);

/// Records a run with so many rows, for the repository at `root`.
#[tokio::main]
pub(crate) async fn record(rows: u32, root: &Path) -> Result<(), Trouble> {
    let options = DemoOptions { rows, tps: TPS, seed: 1, pg_bin: None, afterwards: Afterwards::Remove };
    let said = |words: &str| {
        let _ = writeln!(std::io::stderr(), "{words}");
    };
    let mut demo = Demo::start(&options, &said).await?;
    let tape = Tape::default();
    let password = demo.conninfo().split_whitespace().find_map(|word| word.strip_prefix("password="));
    let password = password.unwrap_or_default().to_owned();
    let recorded = convert(demo.target(), &tape).await;
    let tally = demo.stop_traffic().await;
    let difference = demo.difference().await;
    demo.finish().await?;
    recorded?;
    if (difference?, tally.failures) != (0, 0) {
        return Err("the application failed, or the rows differ: nothing is written".into());
    }
    let temporary = std::env::temp_dir().display().to_string() + "/";
    write(&tape.take(), &root.join(recording::PATH), &[owner::host(), temporary, password])
}

/// What was heard so far.
#[derive(Clone, Default)]
struct Tape(Arc<Mutex<Vec<Entry>>>);

impl Tape {
    fn hear(&self, heard: Heard) {
        let entry = Entry { at: Utc::now(), heard: disguised(heard) };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(entry);
    }

    fn take(&self) -> Vec<Entry> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// From the list of tables to the finish, and the pages about the table that was converted.
async fn convert(target: &Target, tape: &Tape) -> Result<(), Trouble> {
    let mut session = Session::open(target, "console").await?;
    let table = Demo::table().plain();
    let facts = catalog::server_facts(&session).await?;
    let (target_words, role) = (target.place(), facts.role.as_str().to_owned());
    let server = format!("PostgreSQL {}", facts.version_num / 10_000);
    tape.hear(Heard::Place(Stage { target: target_words, role: role.clone(), server, tps: TPS }));
    tape.hear(Heard::Tables(catalog::list_tables(&session).await?));
    let request = Request { by: Some("created_at".into()), ..Request::of(&table) };
    tape.hear(Heard::Weighed(request.clone(), weigh(&session, &request).await?.into()));
    let plan = audit::plan(&mut session, &request).await?;
    let id = plan.scheme.id;
    tape.hear(Heard::Plan(request, plan.clone().into()));
    launch::journal(target, &plan.scheme, launch::WORKERS, &Limits::default()).await?;
    let by = Asker { role, from: format!("you@{HOST}"), face: "console".into() };
    let options = Options {
        until: Until::Told,
        first: None,
        asker: by.clone(),
        claim: Claim::IfFree,
        workers: None,
        lock_budget: Duration::from_millis(100),
        verify_max_age: Duration::from_hours(1),
    };
    let picture = launch::first_picture(&session, id).await?;
    let again = plan::again(&session, id).await.ok().map(Arc::new);
    let mut worker = worker::start(target.clone(), id, options, picture);
    tape.hear(Heard::Linked(again));
    let status = worker.link.status.clone();
    let orders = worker.link.commands.clone();
    let order = |command: Command| {
        let asked = Asked { command, by: by.clone() };
        tape.hear(Heard::Ordered(asked.clone()));
        orders.try_send(asked)
    };
    let listener = tokio::spawn(listen(worker.link, tape.clone()));
    let ready = |status: &Status| {
        status.migration.phase == Phase::Ready && status.readiness.conditions.iter().all(|one| one.holds)
    };
    until(status.clone(), ready).await?;
    tokio::time::sleep(LINGER).await;
    order(Command::Swap)?;
    until(status.clone(), |status| status.migration.phase == Phase::ReverseWindow).await?;
    tokio::time::sleep(LINGER).await;
    order(Command::Finish { drop_source: false })?;
    (&mut worker.end).await??;
    listener.await?;
    look(&mut session, &table, tape).await?;
    Ok(())
}

/// Asks what the pages of screen 5 ask.
async fn look(session: &mut Session, table: &str, tape: &Tape) -> Result<(), Trouble> {
    tape.hear(Heard::Health(health::look(session, table, Statements::Audit).await?.into()));
    tape.hear(Heard::Due(maintain::look(session, &recording::usual(table)).await?.into()));
    let audit = audit::audit(session, &Request::of(table), Origin::Server(audit::MOST)).await?;
    tape.hear(Heard::Audit(audit.into()));
    tape.hear(Heard::Ids(ids::look(session, table, None).await?.into()));
    Ok(())
}

/// Hears everything until the engine has left.
async fn listen(mut link: Link, tape: Tape) {
    let mut last: Option<Arc<Status>> = None;
    loop {
        tokio::select! {
            biased;
            event = link.events.recv() => match event {
                Some(event) => tape.hear(Heard::Event(event.into())),
                None => return,
            },
            Ok(()) = link.status.changed() => {
                let status = Arc::clone(&link.status.borrow_and_update());
                let is_news = last.as_ref().is_none_or(|last| {
                    let moved = last.migration.phase != status.migration.phase;
                    moved || (status.at - last.at >= APART && !last.says_the_same_as(&status))
                });
                if is_news {
                    tape.hear(Heard::Status(Arc::clone(&status)));
                    last = Some(status);
                }
            }
        }
    }
}

/// Waits for a picture; a migration that has failed ends the waiting.
async fn until(
    mut status: tokio::sync::watch::Receiver<Arc<Status>>,
    wanted: impl Fn(&Status) -> bool,
) -> Result<(), Trouble> {
    let over = |status: &Arc<Status>| wanted(status) || status.migration.state == State::Failed;
    let last = tokio::time::timeout(PATIENCE, status.wait_for(over)).await??;
    if wanted(&last) { Ok(()) } else { Err(format!("it failed: {:?}", last.last_error).into()) }
}

/// Without this machine's name.
fn disguised(mut heard: Heard) -> Heard {
    if let Heard::Status(status) = &mut heard
        && let Some(owner) = &mut Arc::make_mut(status).owner
    {
        HOST.clone_into(&mut owner.host);
    }
    if let Heard::Event(event) = &mut heard
        && let Body::Owned { owner, .. } = &mut event.body
    {
        *owner = owner.replace(&owner::host(), HOST);
    }
    heard
}

/// Writes a recording, if nothing in it is of this machine.
fn write(entries: &[Entry], path: &Path, secrets: &[String]) -> Result<(), Trouble> {
    let mut lines = Vec::new();
    let mut last: Option<Value> = None;
    for Entry { at, heard } in entries {
        let line = match (heard, &last) {
            (Heard::Status(status), Some(before)) => {
                let now = serde_json::to_value(status)?;
                let changes = recording::changes(before, &now);
                last = Some(now);
                Line::Changed(changes)
            }
            (Heard::Status(status), None) => {
                last = Some(serde_json::to_value(status)?);
                Line::Heard(heard.clone())
            }
            _ => Line::Heard(heard.clone()),
        };
        serde_json::to_writer(&mut lines, &Timed { at: *at, line })?;
        lines.push(b'\n');
    }
    let text = String::from_utf8(lines)?;
    if let Some(at) = secrets.iter().find_map(|secret| text.find(secret.as_str())) {
        return Err(format!(
            "something of this machine is in the recording, at byte {at}: nothing is written"
        )
        .into());
    }
    let mut file = GzEncoder::new(std::fs::File::create(path)?, Compression::best());
    file.write_all(text.as_bytes())?;
    file.finish()?;
    Ok(())
}
