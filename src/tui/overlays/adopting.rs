//! What the questions say where the old table is adopted: nothing is copied, so they say other things.

use crate::{
    engine::{plan::adopting, status::PeriodStatus},
    model::{
        ident::Ident,
        plan::Step,
        scheme::{Leaf, Scheme},
    },
    tui::app::deed::Deed,
};

/// The step that the deed is, with the leaves that there are.
pub(super) fn step(deed: Deed, scheme: &Scheme, periods: &[PeriodStatus]) -> Option<Step> {
    let leaf = |period: &PeriodStatus| Leaf { name: Ident::new(period.leaf.as_str()), period: period.period };
    let leaves: Vec<_> = periods.iter().map(leaf).collect();
    match deed {
        Deed::Swap => Some(adopting::swap(scheme, &leaves)),
        Deed::Reverse => Some(adopting::reverse(scheme, &leaves)),
        Deed::Finish => Some(adopting::finish(scheme)),
        Deed::Abort => Some(adopting::abort(scheme)),
        Deed::FinishAndDrop
        | Deed::CancelChunk(_)
        | Deed::EndBlocker
        | Deed::Tune
        | Deed::Mend
        | Deed::Upkeep(_)
        | Deed::Repair
        | Deed::Start
        | Deed::StartRenaming
        | Deed::StartDropping
        | Deed::Quit => None,
    }
}

/// What the deed does, for people; `None` where it is said as of any migration.
pub(super) fn what(deed: Deed) -> Option<&'static [&'static str]> {
    match deed {
        Deed::Start => Some(&[
            "A wider key is built while the table is in use; an empty partitioned table is made beside it.",
            "Nothing is copied. `a` takes everything away again, up to the swap.",
        ]),
        Deed::Quit => Some(&[
            "This process runs the migration. A build in hand is cancelled and begins anew later.",
            "Any console, or `quarterdeck run`, goes on. Quitting is not pausing.",
        ]),
        Deed::Swap => Some(&[
            "A CHECK holds every row before the bound, and is validated while the table is in use.",
            "Then the old table becomes a partition of {}; the application waits for some milliseconds.",
            "The way back: u takes it out again, as long as no row has come into another partition.",
        ]),
        Deed::Reverse => Some(&[
            "The old key is built while the table is in use; then {} is the old table again.",
            "Refused where another partition has had rows: `quarterdeck reverse --move-rows` moves them.",
        ]),
        Deed::Finish => Some(&["The old table stays a partition of {}. There is no way back after this."]),
        Deed::FinishAndDrop => Some(&[
            "The old table is a partition: its rows are the table's, and it is not dropped.",
            "tab: finish and keep it.",
        ]),
        Deed::Abort => {
            Some(&["The wider key and the empty partitioned table are removed; {} stays as it was."])
        }
        Deed::CancelChunk(_)
        | Deed::Repair
        | Deed::StartRenaming
        | Deed::StartDropping
        | Deed::EndBlocker
        | Deed::Mend
        | Deed::Upkeep(_)
        | Deed::Tune => None,
    }
}
