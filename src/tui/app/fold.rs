//! Folding what the engine says into the model.

use chrono::TimeDelta;

use crate::{
    engine::{
        command::Command,
        event::{Body, Event},
        link::{Past, Source},
        sentence::sentence,
        status::Status,
    },
    tui::app::{
        model::{Connection, Intent, Job, MAX_EVENTS, Model, Tone},
        msg::Effect,
    },
};

/// Seconds an owner has for its answer (the contract of the command line as well).
const ANSWER_S: i64 = 10;
/// Seconds a notice stays.
const NOTICE_S: i64 = 6;

/// Takes on the latest picture.
pub fn status(model: &mut Model, status: std::sync::Arc<Status>) {
    let is_open = match model.connection {
        Connection::Reconnecting { .. } | Connection::Opening => true,
        Connection::Closed { .. } => {
            model.job.source == Source::Journal && is_taken_on(model.status(), &status)
        }
        Connection::None | Connection::Open => false,
    };
    if is_open {
        model.connection = Connection::Open;
    }
    model.job.status = Some(status);
}

/// Somebody owns it who did not in the picture before: the owner that said its last word may be in sight a moment longer.
fn is_taken_on(before: Option<&Status>, now: &Status) -> bool {
    let living = |status: &Status| {
        let owner = status.owner.as_ref().filter(|owner| owner.alive)?;
        Some((owner.host.clone(), owner.pid, owner.since))
    };
    let owner = living(now);
    owner.is_some() && owner != before.and_then(living)
}

/// Takes on what had happened before: into the log, and no more. Nothing of it is news, whatever it says.
pub fn past(model: &mut Model, past: Past) {
    let job = &mut model.job;
    for event in past.events {
        if is_new(job, &event) {
            keep(job, event);
        }
    }
    let kept = job.events.iter().filter(|event| event.seq > 0).count();
    job.older = (past.of - i64::try_from(kept).unwrap_or(i64::MAX)).max(0);
}

/// Takes on an event.
pub fn event(model: &mut Model, event: Event) -> Vec<Effect> {
    if is_new(&model.job, &event) {
        react(model, &event);
        keep(&mut model.job, event);
    }
    Vec::new()
}

/// They come in order. A refill from the journal may bring one a second time; its number tells.
fn is_new(job: &Job, event: &Event) -> bool {
    let newest = job.events.iter().rev().map(|known| known.seq).find(|seq| *seq > 0);
    event.seq == 0 || newest.is_none_or(|newest| event.seq > newest)
}

fn keep(job: &mut Job, event: Event) {
    if job.events.len() == MAX_EVENTS {
        // What the journal does not have is no older event of the journal.
        job.older += job.events.pop_front().map_or(0, |oldest| i64::from(oldest.seq > 0));
    }
    job.events.push_back(event);
}

fn react(model: &mut Model, event: &Event) {
    let text = || sentence(&event.body);
    match &event.body {
        Body::Accepted { asked } => answered(model, &asked.command),
        Body::Refused { asked, .. } => {
            answered(model, &asked.command);
            if asked.command == Command::Pause && model.intent == Intent::Suspend {
                model.intent = Intent::Stay;
            }
            model.say(Tone::Danger, text());
        }
        Body::Done { asked } => {
            answered(model, &asked.command);
            model.say(Tone::Calm, text());
        }
        Body::Reconnecting { attempt, in_s, reason } => {
            let wait = TimeDelta::try_seconds(i64::try_from(*in_s).unwrap_or(0)).unwrap_or_default();
            model.connection =
                Connection::Reconnecting { attempt: *attempt, due: event.at + wait, reason: reason.clone() };
        }
        Body::Failed { .. } | Body::DuplicateKey { .. } => model.say(Tone::Danger, text()),
        Body::Warning { .. } => model.say(Tone::Warn, text()),
        Body::Closed { end, exit_code } => {
            // How another process ends is no end of this one.
            let is_own = model.job.source == Source::Worker || model.is_ours();
            let exit_code = if is_own { *exit_code } else { 0 };
            model.connection = Connection::Closed { end: Some(end.clone()), exit_code };
        }
        Body::Owned { .. } => {
            let is_closed = matches!(model.connection, Connection::Closed { .. });
            if is_closed && model.job.source == Source::Journal {
                model.connection = Connection::Open;
            }
        }
        Body::Phase { .. }
        | Body::StepStarted { .. }
        | Body::StepRetried { .. }
        | Body::StepFinished { .. }
        | Body::CensusTaken { .. }
        | Body::ChunkFailed { .. }
        | Body::LeafSealed { .. }
        | Body::LeafVerified { .. }
        | Body::Verified { .. }
        | Body::Repaired { .. }
        | Body::ForeignKeyValidated { .. }
        | Body::LockAttempt { .. }
        | Body::Swapped { .. }
        | Body::Reversed { .. }
        | Body::Paused { .. }
        | Body::Throttled { .. }
        | Body::Resumed { .. } => {}
    }
}

fn answered(model: &mut Model, command: &Command) {
    if model.job.asked.as_ref().is_some_and(|(asked, _)| asked == command) {
        model.job.asked = None;
    }
}

/// The channels ended.
pub fn closed(model: &mut Model) {
    if !matches!(model.connection, Connection::Closed { .. }) {
        model.connection = Connection::Closed { end: None, exit_code: 1 };
    }
}

/// Time passed: notices fade, answers that do not come are named.
pub fn tick(model: &mut Model) {
    let seconds = |since| (model.now - since) >= TimeDelta::seconds(NOTICE_S);
    if model.notice.as_ref().is_some_and(|notice| seconds(notice.at)) {
        model.notice = None;
    }
    let Some((command, at)) = &model.job.asked else { return };
    if model.now - *at < TimeDelta::seconds(ANSWER_S) {
        return;
    }
    let owner = model.status().and_then(|status| status.owner.as_ref());
    let who = owner.map_or("nobody owns it".into(), |o| format!("owner {} pid {}", o.host, o.pid));
    let text = format!("no answer to {} in {ANSWER_S} s: {who}", command.word());
    model.job.asked = None;
    model.say(Tone::Danger, text);
}
