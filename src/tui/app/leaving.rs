//! Leaving: what `q`, ctrl-C, the signals and ctrl-Z do, step by step.
//!
//! A migration of this process is never torn out of a chunk by the first request: first the chunks in
//! hand are finished, the second request cancels them, the third leaves at once. Quitting is not pausing:
//! the migration stays *stopped* and can be resumed from anywhere.

use crate::{
    engine::command::Command,
    model::phase::State,
    tui::app::{
        deed::{self, Deed},
        model::{Connection, Intent, Model, Tone},
        msg::Effect,
        upkeep::work,
    },
};

/// `q`: asks first where a migration of this process is at work.
pub fn quit(model: &mut Model) -> Vec<Effect> {
    if model.intent != Intent::Stay {
        return interrupt(model);
    }
    if is_busy(model) { deed::ask(model, Deed::Quit) } else { vec![Effect::Quit] }
}

/// ctrl-C and the signals: no question, but step by step.
pub fn interrupt(model: &mut Model) -> Vec<Effect> {
    match model.intent {
        Intent::Stay | Intent::Suspend => leave(model),
        Intent::Leave => {
            model.intent = Intent::LeaveNow;
            let cancelled = work::cancel(model);
            model.say(Tone::Warn, "cancelling what is in hand; once more leaves at once");
            let lanes = model.status().map_or(&[][..], |status| status.lanes.as_slice());
            let chunks = lanes.iter().filter_map(|lane| lane.chunk);
            let chunks = chunks.map(|(chunk, _)| Effect::Send(Command::CancelChunk { chunk }));
            chunks.chain(cancelled).collect()
        }
        Intent::LeaveNow => vec![Effect::Quit],
    }
}

/// Leaves, after the chunks in hand where there are any.
pub fn leave(model: &mut Model) -> Vec<Effect> {
    if !is_busy(model) {
        return vec![Effect::Quit];
    }
    model.intent = Intent::Leave;
    model.overlays.clear();
    let mut effects = Vec::new();
    if is_at_work(model) {
        effects.push(Effect::Send(Command::Stop));
    }
    effects.extend(work::stop(model));
    let words = if is_at_work(model) {
        "finishing the chunks in hand, then leaving; once more cancels them"
    } else {
        "finishing what is in hand, then leaving; once more cancels it"
    };
    model.say(Tone::Calm, words);
    effects
}

/// ctrl-Z: a stopped process must hold no lock, so a migration of this process is paused first.
pub fn suspend(model: &mut Model) -> Vec<Effect> {
    if matches!(model.intent, Intent::Leave | Intent::LeaveNow) {
        return Vec::new();
    }
    // A process that stands still must hold no lock.
    if let Some(work) = &model.upkeep.work {
        let words = format!("{} runs: X stops it, then the terminal can be handed back", work.title);
        model.say(Tone::Warn, words);
        return Vec::new();
    }
    let running = model.status().is_some_and(|status| status.migration.state == State::Running);
    if !is_at_work(model) || !running {
        model.intent = Intent::Stay;
        return vec![Effect::Suspend];
    }
    if model.intent == Intent::Stay {
        model.intent = Intent::Suspend;
        model.say(Tone::Calm, "pausing before the terminal is handed back");
        return deed::send(model, Command::Pause);
    }
    Vec::new()
}

/// Goes on with what waited for the worker, now that a new picture is there.
pub fn proceed(model: &mut Model) -> Vec<Effect> {
    let paused = model.status().is_some_and(|status| status.migration.state == State::Paused);
    match model.intent {
        Intent::Suspend if paused => {
            model.intent = Intent::Stay;
            vec![Effect::Suspend]
        }
        Intent::Leave | Intent::LeaveNow if !is_busy(model) => vec![Effect::Quit],
        Intent::Stay | Intent::Suspend | Intent::Leave | Intent::LeaveNow => Vec::new(),
    }
}

/// Something of this process would be left behind.
pub fn is_busy(model: &Model) -> bool {
    is_at_work(model) || model.upkeep.work.is_some()
}

/// A worker of this process would be left behind. One that only watches has none, whatever a host's name and a pid may
/// have in common with another one's.
pub fn is_at_work(model: &Model) -> bool {
    let linked = match model.connection {
        Connection::Open | Connection::Reconnecting { .. } => true,
        Connection::None | Connection::Opening | Connection::Closed { .. } => false,
    };
    !model.place.watching
        && linked
        && model.is_ours()
        && model.status().is_some_and(|status| !status.migration.phase.is_over())
}
