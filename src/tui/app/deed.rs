//! Deeds that are asked about first, and the three tiers of asking.
//!
//! At once: whatever can be taken back with the next key. Yes or no, *no* being the default: what costs a
//! step. The table's name, typed: what moves names or removes tables. A deed is judged again when it is
//! confirmed, since the migration may have moved under the dialog.

use crate::{
    engine::command::Command,
    model::{chunk::ChunkId, throttle::Setting},
    tui::{
        app::{
            allowed::blocked,
            leaving,
            model::{Model, Tone},
            msg::Effect,
            overlay::Overlay,
            upkeep::{duty::Duty, health},
            watching, wizard,
        },
        keymap::{Action, Order},
    },
};

/// Something that is asked about first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// Cancel a chunk in hand.
    CancelChunk(ChunkId),
    /// Repair what differs.
    Repair,
    /// Start the migration that the wizard shows.
    Start,
    /// The same where it begins with the exchange of the names.
    StartRenaming,
    /// The same where foreign keys that lead to the table are dropped in the swap.
    StartDropping,
    /// Leave, with a migration of this process at work.
    Quit,
    /// Exchange the names.
    Swap,
    /// Give the names back.
    Reverse,
    /// End the reverse window, keeping the old table.
    Finish,
    /// End the reverse window and drop the old table.
    FinishAndDrop,
    /// Remove everything of ours.
    Abort,
    /// End a session that holds up the swap: its pid is typed.
    EndBlocker,
    /// Change the limit of a signal: it is typed.
    Tune,
    /// Run the SQL of a finding of the health screen.
    Mend,
    /// Begin a chore of the health screen.
    Upkeep(Duty),
}

impl Deed {
    /// Something must be typed: the table's name, a pid, a limit.
    pub fn is_typed(self) -> bool {
        self.wants_name() || matches!(self, Self::EndBlocker | Self::Tune)
    }

    /// The table's name must be typed.
    pub fn wants_name(self) -> bool {
        match self {
            Self::Swap
            | Self::Reverse
            | Self::FinishAndDrop
            | Self::Abort
            | Self::StartRenaming
            | Self::StartDropping => true,
            Self::Upkeep(duty) => duty.wants_name(),
            Self::CancelChunk(_)
            | Self::Repair
            | Self::Start
            | Self::Quit
            | Self::Finish
            | Self::EndBlocker
            | Self::Mend
            | Self::Tune => false,
        }
    }

    /// The action it belongs to, whose conditions it must meet.
    fn action(self) -> Action {
        match self {
            Self::CancelChunk(_) => Action::Order(Order::CancelChunk),
            Self::Repair => Action::Order(Order::Repair),
            Self::Start | Self::StartRenaming | Self::StartDropping => Action::Convert,
            Self::Quit => Action::Quit,
            Self::Swap => Action::Order(Order::Swap),
            Self::Reverse => Action::Order(Order::Reverse),
            Self::Finish | Self::FinishAndDrop => Action::Order(Order::Finish),
            Self::Abort => Action::Order(Order::Abort),
            Self::EndBlocker => Action::Order(Order::Blockers),
            Self::Tune => Action::Order(Order::Tune),
            Self::Mend => Action::Mend,
            Self::Upkeep(duty) => duty.action(),
        }
    }

    /// What must hold besides, `conditions` of the status: for the two deeds that exchange names.
    pub fn minds_conditions(self) -> bool {
        matches!(self, Self::Swap | Self::Reverse)
    }
}

/// An open question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    /// About what.
    pub deed: Deed,
    /// The name as far as it is typed.
    pub typed: String,
    /// Lines scrolled.
    pub scroll: usize,
}

/// Asks about a deed.
pub fn ask(model: &mut Model, deed: Deed) -> Vec<Effect> {
    model.overlays.push(Overlay::Ask(Ask { deed, typed: String::new(), scroll: 0 }));
    Vec::new()
}

/// Why the open question cannot be answered with yes; `None` when it can.
pub fn refusal(model: &Model, ask: &Ask) -> Option<String> {
    let watching = watching::refusal(model).filter(|_| ask.deed != Deed::Quit);
    if let Some(reason) = blocked(ask.deed.action(), model).or(watching) {
        return Some(reason.reason);
    }
    if let Deed::CancelChunk(chunk) = ask.deed
        && !in_hand(model, chunk)
    {
        return Some(format!("chunk {chunk} is in nobody's hands any more"));
    }
    if ask.deed.minds_conditions()
        && let Some(red) =
            model.status().and_then(|status| status.readiness.conditions.iter().find(|c| !c.holds))
    {
        return Some(format!("{} does not hold: {}", red.name, red.detail));
    }
    if ask.deed.wants_name() && Some(ask.typed.as_str()) != name_of(model, ask.deed) {
        return Some("type the table's name, exactly".into());
    }
    if ask.deed == Deed::EndBlocker && named_blocker(model, ask).is_none() {
        return Some("type the pid of a session above".into());
    }
    if ask.deed == Deed::Tune {
        return ask.typed.parse::<Setting>().err();
    }
    None
}

/// The name that is to be typed: the migration's table, or the one that the wizard is about.
pub fn name_of(model: &Model, deed: Deed) -> Option<&str> {
    match deed {
        Deed::Upkeep(duty) => return duty.table(model).map(|table| table.name.as_str()),
        Deed::StartRenaming | Deed::StartDropping => {}
        Deed::CancelChunk(_)
        | Deed::Repair
        | Deed::Start
        | Deed::Quit
        | Deed::Swap
        | Deed::Reverse
        | Deed::Finish
        | Deed::FinishAndDrop
        | Deed::Abort
        | Deed::EndBlocker
        | Deed::Tune
        | Deed::Mend => return model.table_name(),
    }
    model.overlays.iter().find_map(Overlay::wizard).map(|wizard| wizard.table.name.name.as_str())
}

fn in_hand(model: &Model, chunk: ChunkId) -> bool {
    use crate::engine::status::ChunkState;
    let chunks = model.status().map(|status| status.chunks.iter());
    chunks.into_iter().flatten().any(|c| c.id == chunk && c.state == ChunkState::Copying)
}

/// The session whose pid is typed.
fn named_blocker(model: &Model, ask: &Ask) -> Option<i32> {
    let pid = ask.typed.parse().ok()?;
    model.status()?.readiness.blockers.iter().any(|one| one.pid == pid).then_some(pid)
}

/// The answer is yes: acts, or says why not and keeps asking.
pub fn confirm(model: &mut Model) -> Vec<Effect> {
    let Some(Overlay::Ask(ask)) = model.overlays.last().cloned() else { return Vec::new() };
    if let Some(reason) = refusal(model, &ask) {
        model.say(Tone::Warn, reason);
        return Vec::new();
    }
    model.overlays.pop();
    let command = match ask.deed {
        Deed::Quit => return leaving::leave(model),
        Deed::Mend => return health::mend(model),
        Deed::Upkeep(duty) => return duty.begin(model),
        Deed::Start | Deed::StartRenaming | Deed::StartDropping => return wizard::start(model),
        Deed::CancelChunk(chunk) => Command::CancelChunk { chunk },
        Deed::Repair => Command::Repair,
        Deed::Swap => Command::Swap,
        Deed::Reverse => Command::Reverse { move_rows: false },
        Deed::Finish => Command::Finish { drop_source: false },
        Deed::FinishAndDrop => Command::Finish { drop_source: true },
        Deed::Abort => Command::Abort,
        Deed::EndBlocker => match named_blocker(model, &ask) {
            Some(pid) => Command::EndBlocker { pid },
            None => return Vec::new(),
        },
        Deed::Tune => match ask.typed.parse() {
            Ok(setting) => Command::Tune { settings: vec![setting], workers: None },
            Err(_) => return Vec::new(),
        },
    };
    send(model, command)
}

/// Keeping or dropping the old table, in the question about finishing.
pub fn toggle(model: &mut Model) {
    if let Some(Overlay::Ask(ask)) = model.overlays.last_mut() {
        ask.deed = match ask.deed {
            Deed::Finish => Deed::FinishAndDrop,
            Deed::FinishAndDrop => Deed::Finish,
            other @ (Deed::CancelChunk(_)
            | Deed::Repair
            | Deed::Start
            | Deed::StartRenaming
            | Deed::StartDropping
            | Deed::Quit
            | Deed::Swap
            | Deed::Reverse
            | Deed::EndBlocker
            | Deed::Tune
            | Deed::Mend
            | Deed::Upkeep(_)
            | Deed::Abort) => other,
        };
        ask.typed.clear();
    }
}

/// Sends a command and remembers that its answer is owed.
pub fn send(model: &mut Model, command: Command) -> Vec<Effect> {
    model.job.asked = Some((command.clone(), model.now));
    vec![Effect::Send(command)]
}
