//! Folding what the engine says into the model.

use chrono::TimeDelta;

use crate::{
    engine::{
        command::Command,
        event::{Body, Event},
        sentence::sentence,
        status::Status,
    },
    tui::app::{
        model::{Connection, Intent, MAX_EVENTS, Model, Tone},
        msg::Effect,
    },
};

/// Seconds an owner has for its answer (the contract of the command line as well).
const ANSWER_S: i64 = 10;
/// Seconds a notice stays.
const NOTICE_S: i64 = 6;

/// Takes on the latest picture.
pub fn status(model: &mut Model, status: std::sync::Arc<Status>) {
    if let Connection::Reconnecting { .. } | Connection::Opening = model.connection {
        model.connection = Connection::Open;
    }
    model.job.status = Some(status);
}

/// Takes on an event.
pub fn event(model: &mut Model, event: Event) -> Vec<Effect> {
    // They come in order. A refill from the journal may bring one a second time; its number tells.
    let newest = model.job.events.iter().rev().map(|known| known.seq).find(|seq| *seq > 0);
    if event.seq > 0 && newest.is_some_and(|newest| event.seq <= newest) {
        return Vec::new();
    }
    react(model, &event);
    let log = &mut model.job.events;
    if log.len() == MAX_EVENTS {
        log.pop_front();
    }
    log.push_back(event);
    Vec::new()
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
            model.connection = Connection::Closed { end: Some(end.clone()), exit_code: *exit_code };
        }
        Body::Owned { .. }
        | Body::Phase { .. }
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
