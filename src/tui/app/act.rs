//! What each action does, once [`super::allowed`] has let it pass.

use crate::{
    engine::{command::Command, event::Event, sentence::sentence},
    model::{phase::State, plan::Step},
    tui::{
        app::{
            allowed,
            deed::{self, Deed},
            export,
            form::{About, Form},
            freeze, leaving,
            list::Load,
            model::{Connection, Model, Screen, Tone},
            moves,
            msg::Effect,
            overlay::{Detail, Overlay},
            palette, row, take,
            upkeep::{
                self,
                duty::{self, Duty},
                ids, maintain, retain, work,
            },
            wizard,
        },
        keymap::{Action, Order},
    },
};

/// Does it.
pub fn act(model: &mut Model, action: Action) -> Vec<Effect> {
    match action {
        Action::Show(screen) => return show(model, screen),
        Action::NextScreen => return step_screen(model, 1),
        Action::PreviousScreen => return step_screen(model, Screen::ALL.len() - 1),
        Action::Move(step) => moves::moved(model, step),
        Action::Order(order) => return give(model, order),
        Action::Enter => return enter(model),
        Action::Back | Action::No => back(model),
        Action::Filter => model.cursors.filtering = true,
        Action::NextDifference => row::jump(model, 1),
        Action::PreviousDifference => row::jump(model, -1),
        Action::Reload if row::in_front(model).is_some() => return row::again(model),
        Action::Export if row::in_front(model).is_some() => return export::row(model),
        Action::Reload if model.screen == Screen::Health => return upkeep::read(model),
        Action::Reload => return reload(model),
        Action::Mend => return deed::ask(model, Deed::Mend),
        Action::NextPage => return upkeep::turn(model, 1),
        Action::PreviousPage => return upkeep::turn(model, upkeep::Page::ALL.len() - 1),
        Action::Options | Action::Lab => return upkeep::options(model),
        Action::Maintain => return duty::ask_to_maintain(model),
        Action::Retain => return deed::ask(model, Deed::Upkeep(Duty::Retain)),
        Action::Install => model.overlays.push(Overlay::Form(ids::install_form())),
        Action::Guide => return upkeep::guide(model),
        Action::StopWork => return work::stop(model),
        Action::Convert => return wizard::open(model),
        Action::MoreAhead => wizard::ahead(model, 1),
        Action::FewerAhead => wizard::ahead(model, -1),
        Action::Toggle => toggle(model),
        Action::Copy => return take::copy(model),
        Action::Export => export::open(model),
        Action::Freeze => freeze::toggle(model),
        Action::Help => model.overlays.push(Overlay::Help { scroll: 0 }),
        Action::Palette => model.overlays.push(Overlay::Palette { query: String::new(), selected: 0 }),
        Action::Quit => return leaving::quit(model),
        Action::Yes => return deed::confirm(model),
        Action::Interrupt => return leaving::interrupt(model),
        Action::Suspend => return leaving::suspend(model),
        Action::Redraw => return vec![Effect::Redraw],
    }
    Vec::new()
}

fn show(model: &mut Model, screen: Screen) -> Vec<Effect> {
    let from = std::mem::replace(&mut model.screen, screen);
    model.cursors.drilled = None;
    match screen {
        Screen::Tables => reload(model),
        Screen::Health => upkeep::enter(model, from),
        Screen::Layout | Screen::Quarters | Screen::Backfill | Screen::Validation | Screen::Log => Vec::new(),
    }
}

/// The screen `by` tabs on, round and round, past those that cannot be shown.
fn step_screen(model: &mut Model, by: usize) -> Vec<Effect> {
    let count = Screen::ALL.len();
    let mut at = Screen::ALL.iter().position(|screen| *screen == model.screen).unwrap_or(0);
    loop {
        at = (at + by) % count;
        if allowed::blocked(Action::Show(Screen::ALL[at]), model).is_none() {
            return show(model, Screen::ALL[at]);
        }
    }
}

fn reload(model: &mut Model) -> Vec<Effect> {
    // A list that is there stays until the new one comes.
    if model.tables.ready().is_none() {
        model.tables = Load::Loading;
    }
    vec![Effect::ListTables]
}

fn give(model: &mut Model, order: Order) -> Vec<Effect> {
    let command = match order {
        Order::Pause => Command::Pause,
        Order::Resume => return resume(model),
        Order::Verify => Command::Verify,
        Order::RetryChunk => match model.cursors.chunk {
            Some(chunk) => Command::RetryChunk { chunk },
            None => return Vec::new(),
        },
        Order::Earlier | Order::Later => match model.selected_period() {
            Some((_, period)) => Command::Reorder { leaf: period.leaf.clone(), up: order == Order::Earlier },
            None => return Vec::new(),
        },
        Order::MoreWorkers => workers(model, 1),
        Order::FewerWorkers => workers(model, -1),
        Order::CancelChunk => match model.cursors.chunk {
            Some(chunk) => return deed::ask(model, Deed::CancelChunk(chunk)),
            None => return Vec::new(),
        },
        Order::Repair => return deed::ask(model, Deed::Repair),
        Order::Swap => return deed::ask(model, Deed::Swap),
        Order::Reverse => return deed::ask(model, Deed::Reverse),
        Order::Finish => return deed::ask(model, Deed::Finish),
        Order::Abort => return deed::ask(model, Deed::Abort),
        Order::Blockers => return deed::ask(model, Deed::EndBlocker),
        Order::Tune => return deed::ask(model, Deed::Tune),
        Order::Rehearse => Command::Rehearse,
    };
    deed::send(model, command)
}

fn workers(model: &Model, by: i16) -> Command {
    let now = model.status().map_or(1, |status| status.pace.workers);
    Command::Workers { workers: now.saturating_add_signed(by).clamp(1, allowed::MAX_WORKERS) }
}

/// Without an owner, resuming means taking over, which opening does.
fn resume(model: &mut Model) -> Vec<Effect> {
    let Some(status) = model.status() else { return Vec::new() };
    let id = status.migration.id;
    let gone = matches!(model.connection, Connection::Closed { .. } | Connection::None);
    if gone || status.migration.state == State::Stopped {
        wizard::reopen(model, id)
    } else {
        deed::send(model, Command::Resume)
    }
}

fn toggle(model: &mut Model) {
    match model.overlays.last() {
        Some(Overlay::Ask(_)) => deed::toggle(model),
        Some(Overlay::Wizard(_)) => wizard::toggle(model),
        Some(Overlay::Form(_)) => {
            if let Some(Overlay::Form(form)) = model.overlays.last_mut() {
                form.change();
            }
        }
        Some(
            Overlay::Help { .. }
            | Overlay::Palette { .. }
            | Overlay::Detail(_)
            | Overlay::Row(_)
            | Overlay::Export(_)
            | Overlay::Panic(_),
        )
        | None => {}
    }
}

fn enter(model: &mut Model) -> Vec<Effect> {
    match model.overlays.last() {
        Some(Overlay::Ask(_)) => return deed::confirm(model),
        Some(Overlay::Wizard(_)) => return wizard::next(model),
        Some(Overlay::Export(_)) => return export::write(model),
        Some(Overlay::Form(form)) => return filled(model, &form.clone()),
        Some(Overlay::Palette { query, selected }) => {
            let chosen = palette::rows(query).get(*selected).map(|row| row.action);
            model.overlays.pop();
            return chosen.map(|action| super::keys::attempt(model, action)).unwrap_or_default();
        }
        Some(Overlay::Help { .. } | Overlay::Detail(_) | Overlay::Row(_) | Overlay::Panic(_)) => {
            return Vec::new();
        }
        None if model.cursors.filtering => {
            model.cursors.filtering = false;
            return Vec::new();
        }
        None => {}
    }
    look_inside(model)
}

/// A form is taken, or what is wrong with it is said, and it stays.
fn filled(model: &mut Model, form: &Form) -> Vec<Effect> {
    let of = model.upkeep.of.as_ref().map(ToString::to_string);
    model.overlays.pop();
    let taken = match form.about {
        About::Maintain => maintain::of(form, of.unwrap_or_default()).map(|_| {
            model.upkeep.maintain.form = Some(form.clone());
            model.upkeep.maintain.found = Load::Nothing;
            upkeep::read(model)
        }),
        About::Retain => retain::of(form, of.unwrap_or_default()).map(|_| {
            model.upkeep.retain.form = Some(form.clone());
            model.upkeep.retain.found = Load::Nothing;
            upkeep::read(model)
        }),
        About::Lab => ids::lab(form).map(|chore| ids::ask_for_lab(model, chore)),
        About::Install => ids::install(form, of.as_deref()).map(|install| ids::plan(model, install)),
    };
    taken.unwrap_or_else(|why| {
        model.overlays.push(Overlay::Form(form.clone()));
        model.say(Tone::Warn, why);
        Vec::new()
    })
}

fn look_inside(model: &mut Model) -> Vec<Effect> {
    match model.screen {
        Screen::Tables => {
            let Some(table) = allowed::selected_table(model) else { return Vec::new() };
            match allowed::openable(table) {
                Some(carried) if is_open(model, carried.id) => return show(model, Screen::Backfill),
                Some(carried) => return wizard::reopen(model, carried.id),
                None => return wizard::open(model),
            }
        }
        Screen::Validation if model.cursors.drilled.is_some() => {
            let diffs = model.shown_diffs();
            let diff = model.cursors.diffs.at(diffs.len()).map(|at| diffs[at].clone());
            return diff.map(|diff| row::open(model, diff)).unwrap_or_default();
        }
        Screen::Layout | Screen::Quarters | Screen::Backfill | Screen::Validation => {
            let leaf = model.selected_period().map(|(_, period)| period.leaf.clone());
            model.screen = Screen::Validation;
            model.cursors.drilled = leaf;
            model.cursors.diffs.selected = 0;
        }
        Screen::Log => {
            let detail = take::selected_event(model).map(|event| event_detail(model, event));
            model.overlays.extend(detail.map(Overlay::Detail));
        }
        Screen::Health => {
            let detail = upkeep::detail(model);
            model.overlays.extend(detail.map(Overlay::Detail));
        }
    }
    Vec::new()
}

fn is_open(model: &Model, id: uuid::Uuid) -> bool {
    let same = model.status().is_some_and(|status| status.migration.id == id);
    same && matches!(model.connection, Connection::Open | Connection::Reconnecting { .. })
}

/// The step that an event is about, where the plan is known.
pub fn step_of<'a>(model: &'a Model, event: &Event) -> Option<&'a Step> {
    let (name, plan) = event.body.step().zip(model.job.plan.as_ref())?;
    plan.steps.iter().find(|step| step.name == name)
}

/// An event with its time and, where the plan is known, the SQL of its step.
fn event_detail(model: &Model, event: &Event) -> Detail {
    let mut text = vec![sentence(&event.body)];
    if let Some(step) = step_of(model, event) {
        text.push(step.summary.clone());
        for statement in &step.statements {
            text.push(format!("-- {}", statement.label));
            text.push(statement.sql.clone());
        }
    }
    let title = format!("event {}, {} UTC", event.seq, event.at.format("%Y-%m-%d %H:%M:%S%.3f"));
    Detail { title, text, scroll: 0 }
}

/// One thing back: overlay, filter, drill. Never quits.
fn back(model: &mut Model) {
    if let Some(Overlay::Wizard(_)) = model.overlays.last() {
        wizard::back(model);
    } else if model.overlays.pop().is_some() {
    } else if model.cursors.filtering {
        model.cursors.filtering = false;
        model.list().0.filter.clear();
    } else if !model.list().0.filter.is_empty() {
        model.list().0.filter.clear();
    } else if model.cursors.drilled.take().is_none() && model.cursors.chunk.take().is_none() {
        model.notice = None;
    }
}
