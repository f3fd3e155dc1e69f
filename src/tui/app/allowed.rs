//! Whether a key can act now, and if not, why. One place, so that footer, help, palette and dispatch agree.
//!
//! What the engine would refuse ([`decide`]) is never offered; some of it is refused here already, in words
//! that fit the screen.

mod copying;

use uuid::Uuid;

use crate::{
    engine::{
        command::Command,
        orders::decide,
        status::{ChunkState, Status},
    },
    model::{
        listing::{Carried, TableListing},
        phase::{Phase, State},
    },
    tui::{
        app::{
            deed::Deed,
            export, leaving,
            list::Load,
            model::{Connection, Model, Screen},
            overlay::Overlay,
            row,
            upkeep::{self, Page as Sheet, may},
            watching,
            wizard::Page,
        },
        keymap::{Action, Context, Move, Order},
    },
};

/// The most copying workers (`Command::Workers`).
pub const MAX_WORKERS: u16 = 16;

/// Why a key cannot act now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blocked {
    /// In words, for people.
    pub reason: String,
    /// It makes no sense here, so the footer leaves it out; else it is shown there, dim, with the reason.
    pub moot: bool,
}

pub(super) type Verdict = Result<(), Blocked>;

/// Not yet: the footer says why.
pub(super) fn yet<T>(reason: impl Into<String>) -> Result<T, Blocked> {
    Err(Blocked { reason: reason.into(), moot: false })
}

/// Not here: the footer leaves it out.
pub(super) fn moot<T>(reason: impl Into<String>) -> Result<T, Blocked> {
    Err(Blocked { reason: reason.into(), moot: true })
}

/// Why `action` cannot act now; `None` when it can.
pub fn blocked(action: Action, model: &Model) -> Option<Blocked> {
    let verdict = able(action, model);
    let moot = verdict.as_ref().is_err_and(|blocked| blocked.moot);
    // What makes no sense here is not explained by the watching.
    if moot || watching::only_looks(action, model) {
        verdict.err()
    } else {
        watching::refusal(model).or(verdict.err())
    }
}

fn able(action: Action, model: &Model) -> Verdict {
    if let Some(verdict) = row::may(action, model) {
        return verdict;
    }
    match action {
        Action::Mend => may::on(model, Sheet::Health).and_then(|()| may::mend(model)),
        Action::Options if model.upkeep.page == Sheet::Retain => may::on(model, Sheet::Retain),
        Action::Options => may::on(model, Sheet::Maintain),
        Action::Maintain => may::on(model, Sheet::Maintain).and_then(|()| may::due(model)),
        Action::Retain => may::on(model, Sheet::Retain).and_then(|()| may::doomed(model)),
        Action::Lab | Action::Install => may::on(model, Sheet::Ids).and_then(|()| may::begin(model)),
        Action::Guide => may::on(model, Sheet::Audit),
        Action::StopWork => may::stop(model),
        Action::Order(Order::Resume) => resume(model),
        Action::Order(order) => open(model).and_then(|status| ordered(order, model, status)),
        Action::Enter => enter(model),
        Action::Convert => convert(model),
        Action::Move(Move::Left | Move::Right) if no_steps(model) => moot("there is no plan to look through"),
        Action::Export => export::choices(model).map(drop),
        Action::Toggle | Action::MoreAhead | Action::FewerAhead if !toggles(model) => {
            moot("there is nothing to choose")
        }
        Action::Reload if model.screen == Screen::Health && model.upkeep.of.is_none() => {
            moot("no table is chosen")
        }
        Action::Copy if model.context() == Context::On(Screen::Health) && upkeep::copied(model).is_none() => {
            moot("there is nothing to copy")
        }
        Action::Reload if !matches!(model.screen, Screen::Tables | Screen::Health) => {
            moot("only the list of tables and the health are read by hand")
        }
        Action::Show(_)
        | Action::NextScreen
        | Action::PreviousScreen
        | Action::NextPage
        | Action::PreviousPage
        | Action::Move(_)
        | Action::Back
        | Action::Filter
        | Action::Reload
        | Action::MoreAhead
        | Action::FewerAhead
        | Action::Toggle
        | Action::Copy
        | Action::NextDifference
        | Action::PreviousDifference
        | Action::Freeze
        | Action::Help
        | Action::Palette
        | Action::Quit
        | Action::Yes
        | Action::No
        | Action::Interrupt
        | Action::Suspend
        | Action::Redraw => Ok(()),
    }
}

/// The preview has no plan whose steps could be gone through.
fn no_steps(model: &Model) -> bool {
    matches!(model.overlays.last(), Some(Overlay::Wizard(wizard))
        if wizard.page == Page::Preview && wizard.plan.ready().is_none())
}

/// The overlay in front has two ways: with or without DEFAULT, keep or drop the old table.
fn toggles(model: &Model) -> bool {
    match model.overlays.last() {
        Some(Overlay::Wizard(wizard)) => matches!(wizard.page, Page::Every | Page::Options),
        Some(Overlay::Ask(ask)) => matches!(ask.deed, Deed::Finish | Deed::FinishAndDrop),
        Some(Overlay::Form(form)) => form.chooses(),
        Some(
            Overlay::Help { .. }
            | Overlay::Palette { .. }
            | Overlay::Detail(_)
            | Overlay::Row(_)
            | Overlay::Export(_)
            | Overlay::Panic(_),
        )
        | None => false,
    }
}

/// The status of a migration that takes orders, or why there is none.
fn open(model: &Model) -> Result<&Status, Blocked> {
    let blocked = |reason: String| Blocked { reason, moot: true };
    let status = model.status().ok_or_else(|| blocked("no migration is open".into()))?;
    match &model.connection {
        Connection::Open => {}
        Connection::None | Connection::Opening => return Err(blocked("no migration is open".into())),
        Connection::Reconnecting { .. } => return Err(blocked("the connection is lost".into())),
        Connection::Closed { .. } => return Err(blocked("the engine has left".into())),
    }
    if status.migration.phase.is_over() {
        return Err(blocked(format!("the migration is {}", status.migration.phase)));
    }
    if status.migration.state == State::Unknown {
        let reason = "a COMMIT got no answer; wait for the server".into();
        return Err(Blocked { reason, moot: false });
    }
    Ok(status)
}

/// What the console can say with more words than the engine's own table, then that table.
fn ordered(order: Order, model: &Model, status: &Status) -> Verdict {
    let command = match order {
        Order::Pause => pause(status).map(|()| Command::Pause),
        Order::Swap => swap(status).map(|()| Command::Swap),
        // Looking is always allowed; whether one may be ended is judged when its pid is typed.
        Order::Blockers => Ok(Command::EndBlocker { pid: 0 }),
        Order::Tune => Ok(Command::Tune { settings: Vec::new(), workers: None }),
        Order::Rehearse => swap(status).map(|()| Command::Rehearse),
        Order::Reverse => reverse(status).map(|()| Command::Reverse { move_rows: false }),
        Order::Finish => finish(status).map(|()| Command::Finish { drop_source: false }),
        Order::Abort => abort(status).map(|()| Command::Abort),
        Order::Verify => verify(status).map(|()| Command::Verify),
        Order::Repair => repair(status).map(|()| Command::Repair),
        Order::CancelChunk => {
            copying::chunk(model, status, ChunkState::Copying).map(|chunk| Command::CancelChunk { chunk })
        }
        Order::RetryChunk => {
            copying::chunk(model, status, ChunkState::Failed).map(|chunk| Command::RetryChunk { chunk })
        }
        Order::Earlier | Order::Later => {
            copying::reorder(model, status).map(|leaf| Command::Reorder { leaf, up: order == Order::Earlier })
        }
        Order::MoreWorkers | Order::FewerWorkers => {
            let limit = if order == Order::MoreWorkers { MAX_WORKERS } else { 1 };
            copying::workers(status, limit).map(|()| Command::Workers { workers: status.pace.workers })
        }
        // Judged by `blocked` itself.
        Order::Resume => return Ok(()),
    }?;
    decide((status.migration.strategy(), status.migration.phase), &command).map(drop).or_else(moot)
}

fn pause(status: &Status) -> Verdict {
    match status.migration.state {
        State::Running if status.migration.pausing => moot("pausing already"),
        State::Running => Ok(()),
        State::Paused => moot("paused already"),
        State::Stopped => moot("nobody runs it: it stands still"),
        State::Failed => moot("it has failed and stands still"),
        State::Unknown => moot("its state is not known"),
    }
}

fn resume(model: &Model) -> Verdict {
    let Some(status) = model.status() else { return moot("no migration is open") };
    if status.migration.phase.is_over() {
        return moot(format!("the migration is {}", status.migration.phase));
    }
    match model.connection {
        Connection::Closed { .. } => return Ok(()),
        Connection::Opening => return moot("being opened"),
        Connection::Reconnecting { .. } => return moot("the connection is lost"),
        Connection::None | Connection::Open => {}
    }
    match status.migration.state {
        State::Running if !status.migration.pausing => moot("it is running"),
        State::Failed if is_owned(status) && has_diffs(status) => {
            moot("it waits for f, repair, or v, verify")
        }
        State::Unknown => moot("its state is not known"),
        State::Running | State::Paused | State::Stopped | State::Failed => Ok(()),
    }
}

fn swap(status: &Status) -> Verdict {
    let phase = status.migration.phase;
    match phase {
        Phase::Ready | Phase::Reversed => standing(status),
        Phase::Planned | Phase::Capturing | Phase::Census => yet("nothing is copied yet"),
        Phase::Copying | Phase::Replaying | Phase::Verifying if has_diffs(status) => {
            yet("differences: repair first")
        }
        Phase::Copying | Phase::Replaying | Phase::Verifying => yet("needs verification"),
        Phase::Swapping | Phase::Renaming | Phase::Adopting => moot("it is being done"),
        Phase::Widening => yet("the key is not wide yet"),
        Phase::ReverseWindow
        | Phase::Reversing
        | Phase::Finished
        | Phase::Filling
        | Phase::Adopted
        | Phase::Releasing => moot("the names are exchanged"),
        Phase::Aborting | Phase::Aborted => moot("the migration is being removed"),
    }
}

fn is_owned(status: &Status) -> bool {
    status.owner.as_ref().is_some_and(|owner| owner.alive)
}

/// Commands that need the worker to be awake.
fn standing(status: &Status) -> Verdict {
    match status.migration.state {
        State::Running => Ok(()),
        State::Paused => yet("paused: resume first"),
        State::Stopped => yet("nobody runs it: resume first"),
        // Differences fail a migration, and its worker waits for the word.
        State::Failed if is_owned(status) => Ok(()),
        State::Failed => yet("it has failed: resume first"),
        State::Unknown => yet("its state is not known"),
    }
}

fn reverse(status: &Status) -> Verdict {
    let phase = status.migration.phase;
    if matches!(phase, Phase::Reversing | Phase::Releasing) {
        moot("it is being done")
    } else if !matches!(phase, Phase::ReverseWindow | Phase::Filling | Phase::Adopted) {
        moot("the names are not exchanged")
    } else if !status.verification.duplicate_keys.is_empty() {
        yet("rows share an old key: see the log")
    } else {
        standing(status)
    }
}

fn finish(status: &Status) -> Verdict {
    if matches!(status.migration.phase, Phase::ReverseWindow | Phase::Adopted) {
        standing(status)
    } else {
        moot("there is no reverse window to end")
    }
}

fn abort(status: &Status) -> Verdict {
    if status.migration.phase == Phase::Aborting {
        moot("it is being done")
    } else if matches!(status.migration.phase, Phase::Swapping | Phase::Adopting) {
        yet("the swap is being done")
    } else if status.migration.phase == Phase::Filling {
        standing(status)
    } else if !status.migration.phase.may_abort() {
        yet("the names are exchanged: reverse first")
    } else {
        Ok(())
    }
}

fn verify(status: &Status) -> Verdict {
    if status.verification.running.is_some() {
        yet("a pass is running")
    } else if status.migration.phase == Phase::Filling && !has_diffs(status) {
        yet("it follows by itself when the table is filled")
    } else {
        standing(status)
    }
}

fn has_diffs(status: &Status) -> bool {
    !status.verification.diffs.is_empty() || status.periods.iter().any(|p| p.diffs.is_some_and(|n| n > 0))
}

fn repair(status: &Status) -> Verdict {
    if has_diffs(status) { standing(status) } else { moot("nothing differs") }
}

/// A console runs one migration at a time; it may leave one that it only watches.
fn free(model: &Model, wanted: Option<Uuid>) -> Verdict {
    let current = model.status().map(|status| status.migration.id);
    if model.connection == Connection::Opening {
        moot("a migration is being opened")
    } else if leaving::is_at_work(model) && wanted != current {
        yet("this console runs another migration")
    } else {
        Ok(())
    }
}

fn enter(model: &Model) -> Verdict {
    if let Some(Overlay::Wizard(wizard)) = model.overlays.last()
        && wizard.page == Page::Preview
    {
        return match wizard.plan {
            Load::Ready(_) => Ok(()),
            Load::Loading => yet("the plan is being made"),
            Load::Nothing | Load::Failed(_) => moot("there is no plan to start"),
        };
    }
    if !model.overlays.is_empty() || model.cursors.filtering {
        return Ok(());
    }
    match model.screen {
        Screen::Tables => match selected_table(model) {
            Some(table) => match openable(table) {
                Some(carried) => free(model, Some(carried.id)),
                None => convert(model),
            },
            None => moot("no table is selected"),
        },
        Screen::Log if model.shown_events().is_empty() => moot("nothing is selected"),
        Screen::Validation if model.cursors.drilled.is_some() => match model.shown_diffs().as_slice() {
            [] => moot("nothing is selected"),
            _ => Ok(()),
        },
        Screen::Layout | Screen::Quarters | Screen::Backfill | Screen::Validation => {
            match model.selected_period() {
                Some((_, period)) if period.diffs.is_some_and(|diffs| diffs > 0) => Ok(()),
                Some((_, period)) => moot(format!("no known differences in {}", period.title)),
                None => moot("no period is selected"),
            }
        }
        Screen::Health if upkeep::detail(model).is_none() => moot("nothing is selected"),
        Screen::Health | Screen::Log => Ok(()),
    }
}

fn convert(model: &Model) -> Verdict {
    if !model.overlays.is_empty() {
        return Ok(());
    }
    free(model, None)?;
    if model.place.standby {
        return yet("a standby cannot be written to");
    }
    match selected_table(model) {
        Some(table) => match companion(model, table) {
            Some(what) => yet(format!("it is the {what}")),
            None => convertible(table),
        },
        None => moot("no table is selected"),
    }
}

/// What a table is to a migration that another table carries: its twin, or the old table it left.
pub fn companion(model: &Model, table: &TableListing) -> Option<String> {
    let all = model.tables.ready().map_or(&[][..], Vec::as_slice);
    let carried = |other: &&TableListing| {
        other.name.schema == table.name.schema
            && other.migration.is_some_and(|carried| carried.phase != Phase::Aborted)
    };
    all.iter().filter(carried).find_map(|other| {
        let is = |suffix| other.name.name.with_suffix(suffix) == table.name.name;
        let what = if is("_twin") {
            "twin"
        } else if is("_old") {
            "old table"
        } else {
            return None;
        };
        Some(format!("{what} of {}", other.name.name.as_str()))
    })
}

/// What the list itself can say against a conversion; preflight says the rest.
pub fn convertible(table: &TableListing) -> Result<(), Blocked> {
    if table.migration.is_some_and(|carried| !carried.phase.is_over()) {
        yet("carries a migration: open it")
    } else if !table.has_primary_key {
        yet("no primary key")
    } else if table.keys().next().is_none() {
        yet("no time column NOT NULL")
    } else {
        Ok(())
    }
}

/// The migration that Enter opens.
pub fn openable(table: &TableListing) -> Option<Carried> {
    table.migration.filter(|carried| carried.phase != Phase::Aborted)
}

/// The table under the cursor on the list of tables.
pub fn selected_table(model: &Model) -> Option<&TableListing> {
    let shown = model.shown_tables();
    model.cursors.tables.at(shown.len()).map(|at| shown[at])
}
