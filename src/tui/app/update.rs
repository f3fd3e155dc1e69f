//! The reducer: the only thing that changes the model.

use chrono::{DateTime, Utc};

use crate::tui::app::{
    allowed::selected_table,
    export, fold, freeze, keys, leaving,
    list::Load,
    model::{Connection, Model, Screen, Tone},
    msg::{Effect, Msg},
    overlay::Overlay,
    row,
    upkeep::{self, health},
    wizard,
};

/// Takes on a message; returns what the runner shall do.
pub fn update(model: &mut Model, msg: Msg, now: DateTime<Utc>) -> Vec<Effect> {
    model.now = now;
    match msg {
        Msg::Key(stroke) => return keys::pressed(model, stroke),
        Msg::Paste(text) => keys::pasted(model, &text),
        Msg::Resize(columns, rows) => {
            let is_wider = model.size.0 != columns;
            model.size = (columns, rows);
            if is_wider {
                row::resized(model);
            }
        }
        Msg::Drawn(furthest) => model.cursors.furthest = Some(furthest),
        Msg::Standby(standby) => model.place.standby = standby,
        Msg::Signal(_) => {
            freeze::thaw(model);
            return leaving::interrupt(model);
        }
        news @ (Msg::Tick
        | Msg::Status(_)
        | Msg::Event(_)
        | Msg::Tables(_)
        | Msg::Health(..)
        | Msg::Answered(..)
        | Msg::Told(_)
        | Msg::Worked(_)
        | Msg::Plan(..)
        | Msg::Linked(_)
        | Msg::Closed
        | Msg::Exported(_)
        | Msg::Unsent(_)
        | Msg::Panicked(_)
        | Msg::Continued) => return freeze::behind(model, |model| heard(model, news)),
    }
    Vec::new()
}

/// Something that the operator did not do.
fn heard(model: &mut Model, news: Msg) -> Vec<Effect> {
    match news {
        Msg::Key(_) | Msg::Paste(_) | Msg::Resize(..) | Msg::Drawn(_) | Msg::Standby(_) | Msg::Signal(_) => {}
        Msg::Tick => {
            fold::tick(model);
            return health::due(model);
        }
        // News may come so often that no tick is due: time passes all the same.
        Msg::Status(status) => {
            fold::tick(model);
            fold::status(model, status);
            let mut effects = leaving::proceed(model);
            effects.extend(health::due(model));
            return effects;
        }
        Msg::Event(event) => {
            fold::event(model, *event);
            return leaving::proceed(model);
        }
        Msg::Closed => {
            fold::closed(model);
            return leaving::proceed(model);
        }
        Msg::Tables(tables) => tabled(model, tables.into()),
        Msg::Answered(question, answer) => upkeep::answered(model, &question, answer),
        Msg::Told(told) => upkeep::work::told(model, told),
        Msg::Worked(outcome) => {
            let mut effects = upkeep::work::ended(model, outcome);
            effects.extend(leaving::proceed(model));
            return effects;
        }
        Msg::Health(of, found) => health::looked(model, &of, found),
        Msg::Plan(request, plan) => wizard::planned(model, &request, &plan),
        Msg::Linked(linked) => wizard::linked(model, linked),
        Msg::Exported(written) => export::written(model, written),
        Msg::Unsent(reason) => {
            model.job.asked = None;
            model.say(Tone::Danger, reason);
        }
        Msg::Panicked(report) => model.overlays.push(Overlay::Panic(report)),
        Msg::Continued => model.notice = None,
    }
    Vec::new()
}

/// A list that cannot be read again stays as it was, and the failure is said.
fn tabled(model: &mut Model, tables: Load<Vec<crate::model::listing::TableListing>>) {
    if let (Load::Failed(report), Some(_)) = (&tables, model.tables.ready()) {
        return model.say(Tone::Danger, report.message.clone());
    }
    // The cursor stays on its table, wherever that stands now.
    let before = selected_table(model).map(|table| table.name.clone());
    model.tables = tables;
    let at = model.shown_tables().iter().position(|table| Some(&table.name) == before.as_ref());
    model.cursors.tables.selected = at.unwrap_or(model.cursors.tables.selected);
}

/// How often the picture changes by time alone; `None` when it does not, and idling costs nothing.
pub fn heartbeat(model: &Model) -> Option<std::time::Duration> {
    let millis = std::time::Duration::from_millis;
    let busy = model.live().is_some_and(|status| {
        status.lanes.iter().any(|lane| lane.chunk.is_some()) || status.verification.running.is_some()
    });
    let live = match model.connection {
        Connection::Open | Connection::Reconnecting { .. } => true,
        Connection::None | Connection::Opening | Connection::Closed { .. } => false,
    };
    if live && busy {
        Some(millis(250))
    } else if live
        || model.screen == Screen::Health
        || model.cursors.frozen.is_some()
        || model.notice.is_some()
        || model.job.asked.is_some()
    {
        Some(millis(1_000))
    } else {
        None
    }
}
