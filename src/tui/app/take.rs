//! What can be taken away at once: text for the clipboard. Files are in [`super::export`].

use crate::{
    engine::{event::Event, sentence::sentence},
    model::figures,
    tui::{
        app::{
            allowed::selected_table,
            export::of_diffs,
            list::Load,
            model::{Model, Screen, Tone},
            msg::Effect,
            overlay::Overlay,
            row, upkeep,
            wizard::Wizard,
        },
        export::csv::csv,
    },
};

/// Copies what is selected.
pub fn copy(model: &mut Model) -> Vec<Effect> {
    let text = match model.overlays.last() {
        Some(Overlay::Wizard(wizard)) => step_sql(wizard),
        Some(Overlay::Detail(detail)) => Some(detail.text.join("\n")),
        Some(Overlay::Row(view)) => match row::copied(view) {
            Ok(text) => Some(text),
            Err(why) => {
                model.say(Tone::Warn, why);
                return Vec::new();
            }
        },
        Some(_) => None,
        None => selected(model),
    };
    let Some(text) = text.filter(|text| !text.is_empty()) else {
        model.say(Tone::Warn, "nothing to copy here");
        return Vec::new();
    };
    let lines = text.lines().count();
    model.say(Tone::Calm, if lines == 1 { "copied".into() } else { format!("copied {lines} lines") });
    vec![Effect::Copy(text)]
}

fn step_sql(wizard: &Wizard) -> Option<String> {
    let Load::Ready(plan) = &wizard.plan else { return None };
    let step = plan.steps.get(wizard.step)?;
    let statements =
        step.statements.iter().map(|s| format!("-- {}\n{};", s.label, s.sql.trim_end_matches(';')));
    Some(statements.collect::<Vec<_>>().join("\n\n"))
}

fn selected(model: &Model) -> Option<String> {
    match model.screen {
        Screen::Tables => selected_table(model).map(|table| table.name.plain()),
        Screen::Health => upkeep::copied(model),
        Screen::Layout | Screen::Quarters | Screen::Backfill => {
            model.selected_period().map(|(_, period)| period.leaf.clone())
        }
        Screen::Validation => match model.cursors.drilled {
            Some(_) => {
                let diffs = model.shown_diffs();
                let at = model.cursors.diffs.at(diffs.len())?;
                Some(csv(&of_diffs([diffs[at]])))
            }
            None => model.selected_period().map(|(_, period)| period.leaf.clone()),
        },
        Screen::Log => selected_event(model)
            .map(|event| format!("{} {}", figures::clock_seconds(event.at), sentence(&event.body))),
    }
}

/// The event under the cursor: the last one while the log is followed.
pub fn selected_event(model: &Model) -> Option<&Event> {
    let shown = model.shown_events();
    let at = if model.cursors.log_held {
        model.cursors.log.at(shown.len())?
    } else {
        shown.len().checked_sub(1)?
    };
    Some(shown[at])
}
