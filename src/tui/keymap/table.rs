//! The rows of the keymap, by group. One row a line, so that they can be read as a table.

use crossterm::event::KeyCode;

use super::{Action, Action as A, Binding, Context, Context as C, Group, Move as M, Order as O, Stroke};
use crate::tui::app::model::Screen as S;

/// A letter, digit or sign.
pub(super) const fn c(c: char) -> Stroke {
    Stroke { code: KeyCode::Char(c), ctrl: false }
}

/// A key that is no character.
pub(super) const fn k(code: KeyCode) -> Stroke {
    Stroke { code, ctrl: false }
}

/// A letter with ctrl.
pub(super) const fn ctrl(c: char) -> Stroke {
    Stroke { code: KeyCode::Char(c), ctrl: true }
}

impl Binding {
    /// Shown in the footer, `rank` 1 the most important.
    const fn foot(mut self, rank: u8) -> Self {
        self.rank = rank;
        self
    }

    const fn keys(mut self, strokes: &'static [Stroke]) -> Self {
        self.strokes = strokes;
        self
    }
}

const fn bind(
    contexts: &'static [Context],
    action: Action,
    word: &'static str,
    help: &'static str,
) -> Binding {
    Binding { action, strokes: &[], word, help, contexts, rank: 0 }
}

const SCREENS: &[C] = &[
    C::On(S::Tables),
    C::On(S::Layout),
    C::On(S::Quarters),
    C::On(S::Backfill),
    C::On(S::Validation),
    C::On(S::Health),
    C::On(S::Log),
];
const PERIODS: &[C] = &[C::On(S::Layout), C::On(S::Quarters), C::On(S::Backfill), C::On(S::Validation)];
const LISTS: &[C] = SCREENS;
const BACKFILL: &[C] = &[C::On(S::Backfill)];
const TABLES: &[C] = &[C::On(S::Tables)];
const HEALTH: &[C] = &[C::On(S::Health)];
/// Everything that has rows to move over or text to scroll.
const ROWS: &[C] = &[
    C::On(S::Tables),
    C::On(S::Layout),
    C::On(S::Quarters),
    C::On(S::Backfill),
    C::On(S::Validation),
    C::On(S::Health),
    C::On(S::Log),
    C::YesNo,
    C::Help,
    C::Detail,
    C::Row,
    C::Export,
    C::Wizard,
    C::Options,
    C::Preview,
];
/// The same where letters are text.
const ENTRIES: &[C] = &[C::Typed, C::Palette, C::Zone, C::Form];
const READING: &[C] = &[
    C::On(S::Tables),
    C::On(S::Layout),
    C::On(S::Quarters),
    C::On(S::Backfill),
    C::On(S::Validation),
    C::On(S::Health),
    C::On(S::Log),
    C::Detail,
    C::Row,
    C::Preview,
];
pub(super) const ANYWHERE: &[C] = &[
    C::On(S::Tables),
    C::On(S::Layout),
    C::On(S::Quarters),
    C::On(S::Backfill),
    C::On(S::Validation),
    C::On(S::Health),
    C::On(S::Log),
    C::Filter,
    C::YesNo,
    C::Typed,
    C::Palette,
    C::Help,
    C::Form,
    C::Detail,
    C::Row,
    C::Export,
    C::Wizard,
    C::Options,
    C::Zone,
    C::Preview,
    C::Panic,
];

/// The table, by group.
pub const KEYMAP: &[(Group, &[Binding])] = &[
    (Group::Screens, SCREEN_KEYS),
    (Group::Moving, MOVING_KEYS),
    (Group::Migration, MIGRATION_KEYS),
    (Group::Copying, COPYING_KEYS),
    (Group::Upkeep, UPKEEP_KEYS),
    (Group::Reading, READING_KEYS),
    (Group::Console, CONSOLE_KEYS),
    (Group::Dialogs, DIALOG_KEYS),
];

#[rustfmt::skip]
const SCREEN_KEYS: &[Binding] = &[
    bind(SCREENS, A::Show(S::Tables), "tables", "which tables are big, have a time key, are partitioned or in work").keys(&[c('0')]),
    bind(SCREENS, A::Show(S::Layout), "layout", "the partition tree with bounds, sizes and states").keys(&[c('1')]),
    bind(SCREENS, A::Show(S::Quarters), "quarters", "source and target rows of each period side by side").keys(&[c('2')]),
    bind(SCREENS, A::Show(S::Backfill), "backfill", "the heat map, workers, rate, time left, what slows it").keys(&[c('3')]),
    bind(SCREENS, A::Show(S::Validation), "validation", "verdict and age of each period, and every differing row").keys(&[c('4')]),
    bind(SCREENS, A::Show(S::Health), "health", "what a partitioned table lacks, what runs out, what wants doing").keys(&[c('5')]),
    bind(SCREENS, A::Show(S::Log), "log", "what happened, from the journal").keys(&[c('6')]),
    bind(SCREENS, A::NextScreen, "next screen", "go to the next screen").keys(&[k(KeyCode::Tab)]),
    bind(SCREENS, A::PreviousScreen, "previous screen", "go to the screen before").keys(&[k(KeyCode::BackTab)]),
];

#[rustfmt::skip]
const MOVING_KEYS: &[Binding] = &[
    bind(ROWS, A::Move(M::Up), "up", "one row up").keys(&[k(KeyCode::Up), c('k')]),
    bind(ROWS, A::Move(M::Down), "down", "one row down").keys(&[k(KeyCode::Down), c('j')]),
    bind(ENTRIES, A::Move(M::Up), "up", "one row up").keys(&[k(KeyCode::Up)]),
    bind(ENTRIES, A::Move(M::Down), "down", "one row down").keys(&[k(KeyCode::Down)]),
    bind(ROWS, A::Move(M::PageUp), "page up", "a page up").keys(&[k(KeyCode::PageUp)]),
    bind(ROWS, A::Move(M::PageDown), "page down", "a page down").keys(&[k(KeyCode::PageDown), c(' ')]),
    bind(ENTRIES, A::Move(M::PageUp), "page up", "a page up").keys(&[k(KeyCode::PageUp)]),
    bind(ENTRIES, A::Move(M::PageDown), "page down", "a page down").keys(&[k(KeyCode::PageDown)]),
    bind(ROWS, A::Move(M::Top), "top", "the first row").keys(&[k(KeyCode::Home), c('g')]),
    bind(ROWS, A::Move(M::Bottom), "end", "the last row; in the log, follow it").keys(&[k(KeyCode::End), c('G')]),
    bind(BACKFILL, A::Move(M::Left), "chunk back", "select the chunk before").keys(&[k(KeyCode::Left), c('h')]),
    bind(BACKFILL, A::Move(M::Right), "chunk on", "select the next chunk").keys(&[k(KeyCode::Right), c('l')]),
    bind(BACKFILL, A::Move(M::NextChunk), "chunk of note", "select the next chunk that failed or is in hand").keys(&[c('n')]),
    bind(TABLES, A::Enter, "open / convert…", "open the table's migration, or plan one").keys(&[k(KeyCode::Enter)]).foot(2),
    bind(PERIODS, A::Enter, "differences", "look at the differing rows of the period; there, read the selected one whole").keys(&[k(KeyCode::Enter)]).foot(11),
    bind(HEALTH, A::PreviousPage, "page before", "the page before: health, maintain, audit, ids, retain").keys(&[k(KeyCode::Left), c('h')]),
    bind(HEALTH, A::NextPage, "next page", "the next page: health, maintain, audit, ids, retain").keys(&[k(KeyCode::Right), c('l')]).foot(6),
    bind(HEALTH, A::Enter, "details", "the whole finding with its SQL; the whole statement, and how to write it instead").keys(&[k(KeyCode::Enter)]).foot(2),
    bind(&[C::On(S::Log)], A::Enter, "details", "the whole event, with the SQL of its step").keys(&[k(KeyCode::Enter)]).foot(2),
    bind(SCREENS, A::Back, "back", "go back; never quits").keys(&[k(KeyCode::Esc)]),
    bind(LISTS, A::Filter, "filter", "narrow the list to rows that contain a text").keys(&[c('/')]).foot(10),
];

#[rustfmt::skip]
const MIGRATION_KEYS: &[Binding] = &[
    bind(TABLES, A::Convert, "convert…", "plan a conversion of the selected table").keys(&[c('c')]),
    bind(SCREENS, A::Order(O::Pause), "pause", "finish the chunks in hand, then wait; durable").keys(&[c('p')]).foot(1),
    bind(SCREENS, A::Order(O::Resume), "resume", "go on; takes over where nobody runs the migration").keys(&[c('r')]).foot(1),
    bind(SCREENS, A::Order(O::Verify), "verify", "compare source and twin, row by row").keys(&[c('v')]).foot(4),
    bind(SCREENS, A::Order(O::Repair), "repair…", "replay the differing rows, then verify again").keys(&[c('f')]).foot(2),
    bind(SCREENS, A::Order(O::Swap), "swap…", "exchange the names: the twin becomes the table").keys(&[c('s')]).foot(3),
    bind(SCREENS, A::Order(O::Rehearse), "rehearse", "take the locks of the swap, measure, roll back").keys(&[c('S')]),
    bind(SCREENS, A::Order(O::Blockers), "blockers…", "who holds up the swap; end one by its pid").keys(&[c('b')]),
    bind(SCREENS, A::Order(O::Tune), "limits…", "what slows or holds the work; change a limit").keys(&[c('t')]),
    bind(SCREENS, A::Order(O::Reverse), "reverse…", "give the names back").keys(&[c('u')]).foot(3),
    bind(SCREENS, A::Order(O::Finish), "finish…", "end the reverse window; keep or drop the old table").keys(&[c('F')]).foot(5),
    bind(SCREENS, A::Order(O::Abort), "abort…", "remove everything of ours; the source stays as it was").keys(&[c('a')]).foot(9),
];

#[rustfmt::skip]
const COPYING_KEYS: &[Binding] = &[
    bind(BACKFILL, A::Order(O::CancelChunk), "cancel chunk…", "cancel the selected chunk; it becomes pending again").keys(&[c('x')]).foot(5),
    bind(BACKFILL, A::Order(O::RetryChunk), "retry chunk", "try the selected failed chunk again").keys(&[c('R')]).foot(5),
    bind(PERIODS, A::Order(O::Earlier), "earlier", "copy the selected period earlier").keys(&[c('K')]),
    bind(PERIODS, A::Order(O::Later), "later", "copy the selected period later").keys(&[c('J')]),
    bind(SCREENS, A::Order(O::MoreWorkers), "worker more", "one copying worker more").keys(&[c('+'), c('=')]),
    bind(SCREENS, A::Order(O::FewerWorkers), "worker fewer", "one copying worker fewer").keys(&[c('-')]),
];

#[rustfmt::skip]
const UPKEEP_KEYS: &[Binding] = &[
    bind(HEALTH, A::Mend, "mend…", "run the finding's SQL, where it locks nobody out and loses nothing").keys(&[c('x')]).foot(3),
    bind(HEALTH, A::Maintain, "maintain…", "make partitions ahead, empty DEFAULT, let go of what has had its time").keys(&[c('m')]).foot(2),
    bind(HEALTH, A::Retain, "delete…", "delete the rows that may go, in small batches that make way").keys(&[c('d')]).foot(2),
    bind(HEALTH, A::Options, "options…", "what is kept of the table; which rows may go").keys(&[c('o')]).foot(3),
    bind(HEALTH, A::Lab, "lab…", "compare kinds of ids on this server, in scratch tables that are removed").keys(&[c('L')]).foot(3),
    bind(HEALTH, A::Install, "uuidv7…", "make a uuidv7() where the server has none, and a default of it").keys(&[c('i')]).foot(4),
    bind(HEALTH, A::Guide, "guide", "how a program works with the table: SQLAlchemy and Go").keys(&[c('w')]).foot(4),
    bind(SCREENS, A::StopWork, "stop", "stop the upkeep that runs, after what it has in hand").keys(&[c('X')]).foot(1),
];

#[rustfmt::skip]
const READING_KEYS: &[Binding] = &[
    bind(TABLES, A::Reload, "reload", "read the list of tables again").keys(&[c('R')]).foot(10),
    bind(HEALTH, A::Reload, "look again", "ask what the page in front is about anew").keys(&[c('R')]).foot(10),
    bind(READING, A::Copy, "copy", "copy the selected thing to the clipboard (OSC 52)").keys(&[c('y')]).foot(11),
    bind(SCREENS, A::Export, "export…", "write what the screen shows to a file: CSV, Markdown or JSON; and the report of the migration").keys(&[c('e')]).foot(12),
];

#[rustfmt::skip]
const CONSOLE_KEYS: &[Binding] = &[
    bind(SCREENS, A::Palette, "palette", "find any action by its name").keys(&[c(':')]).foot(7),
    bind(SCREENS, A::Help, "help", "all keys, and why one cannot act now").keys(&[c('?'), k(KeyCode::F(1))]).foot(7),
    bind(&[C::Wizard, C::Options, C::Preview, C::Detail, C::Row], A::Help, "help", "all keys, and why one cannot act now").keys(&[c('?')]),
    bind(SCREENS, A::Freeze, "freeze", "the display stands still to be read; the work goes on, and z thaws").keys(&[c('z')]),
    bind(SCREENS, A::Quit, "quit", "leave; a migration of this process stops and can be resumed").keys(&[c('q')]).foot(8),
    bind(ANYWHERE, A::Interrupt, "interrupt", "finish the chunk and leave; twice: cancel it; thrice: exit").keys(&[ctrl('c')]),
    bind(ANYWHERE, A::Suspend, "suspend", "pause, then hand the terminal back to the shell").keys(&[ctrl('z')]),
    bind(ANYWHERE, A::Redraw, "redraw", "draw everything again").keys(&[ctrl('l')]),
];

#[rustfmt::skip]
const DIALOG_KEYS: &[Binding] = &[
    bind(&[C::Row], A::NextDifference, "next difference", "go to the next place where the row's values differ").keys(&[c('n')]).foot(1),
    bind(&[C::Row], A::PreviousDifference, "difference before", "go to the place before where the row's values differ").keys(&[c('N')]),
    bind(&[C::Row], A::Reload, "read again", "read the row again, as it is now").keys(&[c('R')]).foot(10),
    bind(&[C::Row], A::Export, "write", "write the row with its values to a file (JSON)").keys(&[c('e')]).foot(12),
    bind(&[C::YesNo], A::Yes, "yes", "do it").keys(&[c('y')]).foot(1),
    bind(&[C::YesNo], A::No, "no", "leave it, the default").keys(&[c('n'), k(KeyCode::Enter), k(KeyCode::Esc), c('q')]).foot(2),
    bind(&[C::Typed], A::Enter, "do it", "do it, if the name typed is the table's").keys(&[k(KeyCode::Enter)]).foot(1),
    bind(&[C::YesNo, C::Typed], A::Toggle, "keep / drop the old table", "keep or drop the old table at the finish").keys(&[k(KeyCode::Tab)]).foot(3),
    bind(&[C::Typed, C::Filter, C::Palette], A::Back, "back", "leave without doing anything").keys(&[k(KeyCode::Esc)]).foot(2),
    bind(&[C::Filter], A::Enter, "keep the filter", "keep the filter and go back to the list").keys(&[k(KeyCode::Enter)]).foot(1),
    bind(&[C::Palette], A::Enter, "do it", "do the selected action").keys(&[k(KeyCode::Enter)]).foot(1),
    bind(&[C::Help, C::Detail, C::Row, C::Export], A::Back, "back", "close it").keys(&[k(KeyCode::Esc), c('q')]).foot(2),
    bind(&[C::Export], A::Enter, "write", "write the selected file").keys(&[k(KeyCode::Enter)]).foot(1),
    bind(&[C::Options], A::Toggle, "change", "the next value of this choice").keys(&[c('d'), k(KeyCode::Tab)]).foot(2),
    bind(&[C::Form], A::Enter, "go on", "take what is filled in").keys(&[k(KeyCode::Enter)]).foot(1),
    bind(&[C::Form], A::Toggle, "change", "the next value of this choice").keys(&[k(KeyCode::Tab), k(KeyCode::Right), k(KeyCode::Left)]).foot(2),
    bind(&[C::Form], A::Back, "back", "leave it as it was").keys(&[k(KeyCode::Esc)]).foot(3),
    bind(&[C::Options, C::Zone], A::Enter, "next", "go on to the plan").keys(&[k(KeyCode::Enter)]).foot(1),
    bind(&[C::Options, C::Zone], A::Back, "back", "go back to the strategy").keys(&[k(KeyCode::Esc)]).foot(3),
    bind(&[C::Wizard], A::Enter, "next", "go on with this choice").keys(&[k(KeyCode::Enter), k(KeyCode::Right)]).foot(1),
    bind(&[C::Wizard], A::MoreAhead, "more ahead", "prepare one period more ahead of the newest row").keys(&[c('+'), c('=')]).foot(4),
    bind(&[C::Wizard], A::FewerAhead, "fewer ahead", "prepare one period fewer").keys(&[c('-')]).foot(4),
    bind(&[C::Wizard], A::Toggle, "DEFAULT on / off", "with or without a DEFAULT partition").keys(&[c('d')]).foot(5),
    bind(&[C::Wizard, C::Preview], A::Back, "back", "go back one choice").keys(&[k(KeyCode::Esc)]).foot(3),
    bind(&[C::Wizard], A::Move(M::Left), "back", "go back one choice").keys(&[k(KeyCode::Left)]),
    bind(&[C::Preview], A::Enter, "start…", "start the conversion, after a question").keys(&[k(KeyCode::Enter)]).foot(1),
    bind(&[C::Preview], A::Move(M::Left), "previous step", "the plan's step before").keys(&[k(KeyCode::Left), k(KeyCode::BackTab)]),
    bind(&[C::Preview], A::Move(M::Right), "next step", "the plan's next step").keys(&[k(KeyCode::Right), k(KeyCode::Tab)]).foot(2),
    bind(&[C::Panic], A::Back, "back to the console", "look at where the migration stands").keys(&[k(KeyCode::Esc)]).foot(1),
    bind(&[C::Panic], A::Quit, "quit", "leave; resuming is safe").keys(&[c('q')]).foot(2),
];
