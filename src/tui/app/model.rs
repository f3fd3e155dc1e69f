//! Everything the console knows. Nothing here knows how it is drawn.

use std::{collections::VecDeque, sync::Arc};

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    engine::{
        command::Command,
        event::Event,
        link::Source,
        sentence::sentence,
        status::{Diff, PeriodStatus, Status},
    },
    model::{chunk::ChunkId, listing::TableListing, plan::Plan},
    tui::{
        app::{
            freeze::Frozen,
            list::{List, Load},
            overlay::Overlay,
            upkeep::{self, Upkeep},
        },
        badge::Label,
        keymap::Context,
    },
};

/// Below this many columns or rows only the small screen is drawn.
pub const MIN_SIZE: (u16, u16) = (60, 16);
/// Events kept for the log screen; older ones are in the journal.
pub const MAX_EVENTS: usize = 2_000;

/// A screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Screen {
    /// `0`
    Tables,
    /// `1`
    Layout,
    /// `2`
    Quarters,
    /// `3`
    Backfill,
    /// `4`
    Validation,
    /// `5`
    Health,
    /// `6`
    Log,
}

impl Screen {
    /// All of them, by key.
    pub const ALL: [Self; 7] = [
        Self::Tables,
        Self::Layout,
        Self::Quarters,
        Self::Backfill,
        Self::Validation,
        Self::Health,
        Self::Log,
    ];

    /// Its name on the tab.
    pub fn title(self) -> &'static str {
        match self {
            Self::Tables => "Tables",
            Self::Layout => "Layout",
            Self::Quarters => "Quarters",
            Self::Backfill => "Backfill",
            Self::Validation => "Validation",
            Self::Health => "Health",
            Self::Log => "Log",
        }
    }
}

/// Where the console is connected to.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Place {
    /// `127.0.0.1:5432/shop`, never with a password.
    pub target: String,
    /// The database role.
    pub role: String,
    /// The server is a standby (`pg_is_in_recovery()`).
    pub standby: bool,
    /// The operator's own word for it, `PROD`.
    pub label: Option<Label>,
    /// How long after the swap to remind of `finish`; it never finishes by itself.
    pub reverse_window: Option<TimeDelta>,
    /// `--watch`: nothing is changed from here.
    pub watching: bool,
}

/// The console's tie to a migration.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub enum Connection {
    /// No migration is open.
    #[default]
    None,
    /// Being started or opened.
    Opening,
    /// Linked.
    Open,
    /// The owner lost the server and tries again.
    Reconnecting {
        /// From 1.
        attempt: u32,
        /// When it tries again.
        due: DateTime<Utc>,
        /// Why.
        reason: String,
    },
    /// The engine has left.
    Closed {
        /// How it ended, `stopped`; `None` where it did not say.
        end: Option<String>,
        /// The process's exit code.
        exit_code: u8,
    },
}

/// The migration on screen.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Job {
    /// The latest picture.
    pub status: Option<Arc<Status>>,
    /// Its plan, where it is known.
    pub plan: Option<Arc<Plan>>,
    /// Who is at the other end of the link.
    pub source: Source,
    /// What happened, oldest first.
    pub events: VecDeque<Event>,
    /// How many older ones the journal has.
    pub older: i64,
    /// The last command sent and not answered.
    pub asked: Option<(Command, DateTime<Utc>)>,
}

impl Job {
    /// How many of the newest events are kept, and of how many; `None` where that is all of them.
    pub fn kept(&self) -> Option<(i64, i64)> {
        let kept = i64::try_from(self.events.len()).unwrap_or(i64::MAX);
        (self.older > 0).then(|| (kept, kept.saturating_add(self.older)))
    }
}

/// Cursors of all screens.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Cursors {
    /// Tables.
    pub tables: List,
    /// Periods; shared by Layout, Quarters, Backfill and Validation.
    pub periods: List,
    /// Differences of the period drilled into.
    pub diffs: List,
    /// What the page in front of the health screen lists.
    pub health: List,
    /// Events.
    pub log: List,
    /// The log stays at its end.
    pub log_held: bool,
    /// The selected chunk.
    pub chunk: Option<ChunkId>,
    /// The leaf whose differences are listed on Validation.
    pub drilled: Option<String>,
    /// What goes on behind a frozen display.
    pub frozen: Option<Box<Frozen>>,
    /// How many lines the text in front can be scrolled, where that is known.
    pub furthest: Option<usize>,
    /// A filter is being typed.
    pub filtering: bool,
    /// Until when plain keys are the name typed ahead for a question that was refused, and press nothing.
    pub deaf_until: Option<DateTime<Utc>>,
}

/// How a notice is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// For information.
    Calm,
    /// Something is not as it should be.
    Warn,
    /// Danger.
    Danger,
}

/// A line shown for a few seconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// In words.
    pub text: String,
    /// How it is meant.
    pub tone: Tone,
    /// Since when.
    pub at: DateTime<Utc>,
}

/// What the operator wants to do once the worker has let go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Intent {
    /// Nothing.
    #[default]
    Stay,
    /// Leave after the chunks in hand.
    Leave,
    /// Leave; the chunks in hand are being cancelled.
    LeaveNow,
    /// Stop the process (ctrl-Z) once paused.
    Suspend,
}

/// The whole state of the console.
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    /// Where it is connected to.
    pub place: Place,
    /// The time of the last message, UTC.
    pub now: DateTime<Utc>,
    /// Columns and rows.
    pub size: (u16, u16),
    /// The tie to the migration.
    pub connection: Connection,
    /// The migration.
    pub job: Job,
    /// The tables of the database.
    pub tables: Load<Vec<TableListing>>,
    /// The screen in front.
    pub screen: Screen,
    /// Cursors.
    pub cursors: Cursors,
    /// Overlays, the topmost last.
    pub overlays: Vec<Overlay>,
    /// A line shown for a few seconds.
    pub notice: Option<Notice>,
    /// What waits for the worker.
    pub intent: Intent,
    /// The health screen.
    pub upkeep: Upkeep,
}

impl Model {
    /// A console that has seen nothing yet.
    pub fn new(place: Place, size: (u16, u16), now: DateTime<Utc>) -> Self {
        Self {
            place,
            now,
            size,
            connection: Connection::None,
            job: Job::default(),
            tables: Load::Nothing,
            screen: Screen::Tables,
            cursors: Cursors::default(),
            overlays: Vec::new(),
            notice: None,
            intent: Intent::Stay,
            upkeep: Upkeep::default(),
        }
    }

    /// The latest picture, also behind a frozen display.
    pub fn live(&self) -> Option<&Status> {
        let job = self.cursors.frozen.as_ref().map_or(&self.job, |frozen| &frozen.job);
        job.status.as_deref()
    }

    /// The picture on screen: the latest, unless the display is frozen.
    pub fn status(&self) -> Option<&Status> {
        self.job.status.as_deref()
    }

    /// Where the next key goes.
    pub fn context(&self) -> Context {
        match self.overlays.last() {
            Some(overlay) => overlay.context(),
            None if self.cursors.filtering => Context::Filter,
            None => Context::On(self.screen),
        }
    }

    /// The terminal is too small for anything but the small screen.
    pub fn is_small(&self) -> bool {
        self.size.0 < MIN_SIZE.0 || self.size.1 < MIN_SIZE.1
    }

    /// This process runs the migration (else it watches another that does, or nobody does).
    pub fn is_ours(&self) -> bool {
        self.status().and_then(|status| status.owner.as_ref()).is_some_and(|owner| owner.ours && owner.alive)
    }

    /// The table's unqualified name, as it must be typed.
    pub fn table_name(&self) -> Option<&str> {
        self.status().map(|status| status.migration.table.name.as_str())
    }

    /// Tables that pass the filter.
    pub fn shown_tables(&self) -> Vec<&TableListing> {
        let all = self.tables.ready().map_or(&[][..], Vec::as_slice);
        all.iter().filter(|table| self.cursors.tables.shows(&table.name.plain())).collect()
    }

    /// Periods that pass the filter, with their index in the status.
    pub fn shown_periods(&self) -> Vec<(usize, &PeriodStatus)> {
        let all = self.status().map_or(&[][..], |status| status.periods.as_slice());
        let shows = |p: &PeriodStatus| {
            self.cursors.periods.shows(&format!("{} {} {}", p.title, p.leaf, p.state.word()))
        };
        all.iter().enumerate().filter(|(_, period)| shows(period)).collect()
    }

    /// The selected period, with its index in the status.
    pub fn selected_period(&self) -> Option<(usize, &PeriodStatus)> {
        let shown = self.shown_periods();
        self.cursors.periods.at(shown.len()).map(|at| shown[at])
    }

    /// Differences of the period drilled into, or of all, that pass the filter.
    pub fn shown_diffs(&self) -> Vec<&Diff> {
        let all = self.status().map_or(&[][..], |status| status.verification.diffs.as_slice());
        let leaf = self.cursors.drilled.as_deref();
        let list = &self.cursors.diffs;
        all.iter()
            .filter(|diff| leaf.is_none_or(|leaf| diff.leaf == leaf))
            .filter(|diff| list.shows(&format!("{} {}", diff.kind.word(), diff.key)))
            .collect()
    }

    /// Events that pass the filter.
    pub fn shown_events(&self) -> Vec<&Event> {
        let list = &self.cursors.log;
        let shows = |event: &Event| list.filter.is_empty() || list.shows(&sentence(&event.body));
        self.job.events.iter().filter(|event| shows(event)).collect()
    }

    /// The list that the screen in front moves over, and its length.
    pub fn list(&mut self) -> (&mut List, usize) {
        let len = match self.screen {
            Screen::Tables => self.shown_tables().len(),
            Screen::Validation if self.cursors.drilled.is_some() => self.shown_diffs().len(),
            Screen::Layout | Screen::Quarters | Screen::Backfill | Screen::Validation => {
                self.shown_periods().len()
            }
            Screen::Health => upkeep::len(self),
            Screen::Log => self.shown_events().len(),
        };
        let drilled = self.cursors.drilled.is_some();
        let cursors = &mut self.cursors;
        let list = match self.screen {
            Screen::Tables => &mut cursors.tables,
            Screen::Validation if drilled => &mut cursors.diffs,
            Screen::Layout | Screen::Quarters | Screen::Backfill | Screen::Validation => &mut cursors.periods,
            Screen::Health => &mut cursors.health,
            Screen::Log => &mut cursors.log,
        };
        (list, len)
    }

    /// What the list that the screen in front shows is narrowed to; empty where it is not.
    pub fn filter(&self) -> &str {
        let cursors = &self.cursors;
        let list = match self.screen {
            Screen::Tables => &cursors.tables,
            Screen::Validation if cursors.drilled.is_some() => &cursors.diffs,
            Screen::Layout | Screen::Quarters | Screen::Backfill | Screen::Validation => &cursors.periods,
            Screen::Health => &cursors.health,
            Screen::Log => &cursors.log,
        };
        &list.filter
    }

    /// Says something for a few seconds.
    pub fn say(&mut self, tone: Tone, text: impl Into<String>) {
        self.notice = Some(Notice { text: text.into(), tone, at: self.now });
    }
}
