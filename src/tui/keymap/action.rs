//! What a key can do. Which thing it does it to is the reducer's business.

use crate::tui::app::model::Screen;

/// What a key does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// Go to a screen.
    Show(Screen),
    /// The next screen.
    NextScreen,
    /// The screen before.
    PreviousScreen,
    /// Move the cursor.
    Move(Move),
    /// Order the migration to do something.
    Order(Order),
    /// Look inside, or go on.
    Enter,
    /// Go back.
    Back,
    /// Narrow the list.
    Filter,
    /// Read the list again.
    Reload,
    /// Plan a conversion of the selected table.
    Convert,
    /// More periods ahead.
    MoreAhead,
    /// Fewer periods ahead.
    FewerAhead,
    /// With or without DEFAULT; keep or drop the old table.
    Toggle,
    /// Run the SQL of the selected finding.
    Mend,
    /// The screen's next page.
    NextPage,
    /// The screen's page before.
    PreviousPage,
    /// Fill in what the page in front is about.
    Options,
    /// Do what is due on a partitioned table.
    Maintain,
    /// Delete the rows that may go.
    Retain,
    /// Measure kinds of ids.
    Lab,
    /// Make `uuidv7()`.
    Install,
    /// How a program works with the table.
    Guide,
    /// Stop the chore that runs.
    StopWork,
    /// The next place where a row's values differ.
    NextDifference,
    /// The place before.
    PreviousDifference,
    /// To the clipboard.
    Copy,
    /// To a file.
    Export,
    /// The display stands still, or moves again.
    Freeze,
    /// All keys.
    Help,
    /// All actions, by name.
    Palette,
    /// Leave.
    Quit,
    /// Yes.
    Yes,
    /// No.
    No,
    /// What SIGINT does.
    Interrupt,
    /// Pause, then stop the process.
    Suspend,
    /// Draw everything again.
    Redraw,
}

/// A movement of the cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Move {
    /// One row up.
    Up,
    /// One row down.
    Down,
    /// One chunk, or one choice, back.
    Left,
    /// One chunk, or one choice, on.
    Right,
    /// A page up.
    PageUp,
    /// A page down.
    PageDown,
    /// The first row.
    Top,
    /// The last row; in the log, follow it.
    Bottom,
    /// The next chunk that failed or is in hand.
    NextChunk,
}

/// What the operator can order a migration to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Order {
    /// Finish the chunks in hand and wait.
    Pause,
    /// Go on.
    Resume,
    /// Cancel the selected chunk.
    CancelChunk,
    /// Try the selected chunk again.
    RetryChunk,
    /// Copy the selected period earlier.
    Earlier,
    /// Copy the selected period later.
    Later,
    /// One worker more.
    MoreWorkers,
    /// One worker fewer.
    FewerWorkers,
    /// Compare source and twin.
    Verify,
    /// Mend what differs.
    Repair,
    /// Exchange the names.
    Swap,
    /// Try the swap and roll it back.
    Rehearse,
    /// Give the names back.
    Reverse,
    /// End the reverse window.
    Finish,
    /// Remove everything of ours.
    Abort,
    /// Who holds up the swap.
    Blockers,
    /// What slows or holds the work.
    Tune,
}
