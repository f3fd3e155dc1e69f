//! Why nothing moves, or moves slowly, in sentences: `slowed: standby-lag: standby b 4.1 s > 3 s`.

use ratatui::style::Style;

use crate::{
    engine::{
        event::Body,
        link::Source,
        status::{SignalState, Status},
    },
    model::{
        figures::ago,
        phase::{Phase, State},
    },
    tui::{
        app::model::{Connection, Model},
        glyphs,
        theme::Theme,
        widgets::pen::Pen,
    },
};
use ratatui::layout::Rect;

/// Every reason, the gravest first.
pub fn reasons(model: &Model, theme: &Theme) -> Vec<(String, Style)> {
    let mut reasons = Vec::new();
    if let Connection::Reconnecting { reason, .. } = &model.connection {
        reasons.push((format!("{} connection lost: {reason}", glyphs::BROKEN), theme.danger));
    }
    let Some(status) = model.status() else { return reasons };
    if let Some(error) = &status.last_error {
        reasons.push((format!("{} {error}", glyphs::BROKEN), theme.danger));
    }
    let owned = status.owner.as_ref().is_some_and(|owner| owner.alive);
    if !owned && !status.migration.phase.is_over() {
        reasons.push(("nobody runs it: r resumes".into(), theme.warn));
    } else if is_let_go(model) && !status.migration.phase.is_over() {
        // The last picture is its own: who has taken it over is not in it.
        let text = "this console does not run it any more: r resumes, or watches who runs it now";
        reasons.push((text.into(), theme.warn));
    }
    reasons.extend(status.missing_words().map(|text| (text, theme.warn)));
    if let Some(waiting) = &status.migration.waiting {
        reasons.push((waiting.clone(), theme.warn));
    }
    reasons.extend(lock(model, status).map(|text| (text, theme.warn)));
    reasons.extend(pausing(status).map(|text| (text, theme.warn)));
    reasons.extend(overdue(model, status).map(|text| (text, theme.warn)));
    reasons.extend(signals(status, theme));
    reasons
}

/// This process ran it and has left it.
fn is_let_go(model: &Model) -> bool {
    matches!(model.connection, Connection::Closed { .. }) && model.job.source == Source::Worker
}

/// What a pause that was asked for still waits for: `pausing after chunks 211, 212`.
fn pausing(status: &Status) -> Option<String> {
    let chunks: Vec<_> = status.lanes.iter().filter_map(|lane| Some(lane.chunk?.0.to_string())).collect();
    status.migration.pausing.then(|| match chunks.as_slice() {
        [] => "pausing".into(),
        [chunk] => format!("pausing after chunk {chunk}"),
        many => format!("pausing after chunks {}", many.join(", ")),
    })
}

/// Whom the last attempt at a lock was lost to, until one is won or given up: `waiting for a lock: pid 8841, idle in …`.
fn lock(model: &Model, status: &Status) -> Option<String> {
    let settles = |body: &Body| {
        matches!(
            body,
            Body::LockAttempt { .. }
                | Body::StepFinished { .. }
                | Body::Phase { .. }
                | Body::Swapped { .. }
                | Body::Reversed { .. }
                | Body::Failed { .. }
                | Body::Refused { .. }
                | Body::Done { .. }
                | Body::Owned { .. }
                | Body::Closed { .. }
        )
    };
    let last = model.job.events.iter().rev().map(|event| &event.body).find(|body| settles(body))?;
    let Body::LockAttempt { step, attempt, won: false, blocker, held_ms: _ } = last else { return None };
    let waits = status.migration.state == State::Running && !status.migration.phase.is_over();
    let who = blocker.as_deref().unwrap_or("somebody holds it");
    waits.then(|| format!("waiting for a lock: {who} ({step}, attempt {attempt} lost)"))
}

/// A reminder when the reverse window is over.
fn overdue(model: &Model, status: &Status) -> Option<String> {
    let (window, swapped) = (model.place.reverse_window?, status.migration.swapped_at?);
    let over = status.migration.phase == Phase::ReverseWindow && model.now - swapped > window;
    over.then(|| {
        format!("swapped {}: the reverse window is over; F finishes, u reverses", ago(swapped, model.now))
    })
}

fn signals(status: &Status, theme: &Theme) -> Vec<(String, Style)> {
    // The operator's pause is said already: it is what the migration waits for.
    let said = status.migration.waiting.as_deref();
    let active = status.throttle.iter().filter(|signal| signal.state != SignalState::Ok);
    let mut active: Vec<_> = active.filter(|signal| Some(signal.detail.as_str()) != said).collect();
    active.sort_by_key(|signal| match signal.state {
        SignalState::Stop => 0,
        SignalState::Slow => 1,
        SignalState::Stale => 2,
        SignalState::Ok => 3,
    });
    let sentence = |signal: &crate::engine::status::Signal| {
        let stale = if signal.state == SignalState::Stale { " (stale)" } else { "" };
        format!("{} by {}{stale}: {}", glyphs::signal(signal.state), signal.signal, signal.detail)
    };
    active.into_iter().map(|signal| (sentence(signal), theme.warn)).collect()
}

/// Draws the reasons, one a row; the last row counts those left out.
pub fn draw(pen: &mut Pen<'_>, area: Rect, reasons: &[(String, Style)]) {
    let rows = usize::from(area.height);
    for (at, (y, (text, style))) in (area.y..area.bottom()).zip(reasons).enumerate() {
        let left_out = reasons.len() - at - 1;
        let more =
            if at + 1 == rows && left_out > 0 { format!("  (and {left_out} more)") } else { String::new() };
        let room = area.width.saturating_sub(2);
        let end = pen.text(
            (area.x + 1, y),
            room.saturating_sub(u16::try_from(more.len()).unwrap_or(0)),
            text,
            *style,
        );
        pen.text((end, y), room, &more, pen.theme.dim);
    }
}

/// Rows to give to reasons: all of them where there is room, at least one where there is any.
pub fn height(reasons: usize, most: u16) -> u16 {
    u16::try_from(reasons).unwrap_or(most).min(most)
}
