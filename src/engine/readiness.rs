//! What must hold before the names change hands, with figures: the go/no-go list of the swap dialog, of `status`, and of
//! a swap at a set time. Reads only; the exchange asks again under its locks.

use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::{
    engine::status::Condition,
    error::Result,
    model::{
        blocker::Blocker,
        figures,
        phase::Phase,
        scheme::{Leaf, Scheme},
        strategy::Strategy,
    },
    ops::{self, widen::Key},
    pg::{
        Fence, Session,
        journal::read::{self, LeafRow, MigrationRow},
        measure,
    },
};

/// Sessions that hold up the swap, the longest open first.
pub async fn blockers(session: &Session, scheme: &Scheme) -> Result<Vec<Blocker>> {
    ops::blockers::list(session, scheme).await
}

/// What is known of the migration.
#[derive(Clone, Debug)]
pub struct Known {
    /// Its phase.
    pub phase: Phase,
    /// When the last clean pass ended.
    pub verified_at: Option<DateTime<Utc>>,
    /// Of table, leaves and triggers, when they were last known good.
    pub fingerprint: String,
    /// All leaves.
    pub leaves: Vec<Leaf>,
    /// Rows of the source that the last pass compared.
    pub compared: i64,
    /// A clean pass is good for so long.
    pub max_age: Duration,
    /// Keys of the old table that two rows share.
    pub duplicate_keys: usize,
}

/// What the journal knows, where no owner is alive that could be asked.
pub async fn of_journal(
    session: &mut Session,
    row: &MigrationRow,
    max_age: Duration,
) -> Result<Vec<Condition>> {
    let id = row.scheme.id;
    let leaves = read::leaves(session, id).await?;
    let known = Known {
        phase: row.phase,
        verified_at: row.verified_at,
        fingerprint: row.fingerprint.clone(),
        compared: compared(&leaves),
        leaves: leaves.into_iter().map(|leaf| leaf.leaf).collect(),
        max_age,
        duplicate_keys: read::duplicate_keys(session, id).await?.len(),
    };
    conditions(session, &row.scheme, &known).await
}

/// Rows of the source that the last pass compared in all leaves.
pub fn compared(leaves: &[LeafRow]) -> i64 {
    leaves.iter().filter_map(|leaf| leaf.found).map(|(source, _)| source).sum()
}

/// The list.
pub async fn conditions(session: &mut Session, scheme: &Scheme, known: &Known) -> Result<Vec<Condition>> {
    if scheme.strategy == Strategy::Adopt {
        return adopting(session, scheme, known).await;
    }
    let mut all =
        vec![verified(known, measure::now(session).await?), unchanged(session, scheme, known).await?];
    all.extend(ops::readiness::conditions(session, scheme).await?);
    if known.duplicate_keys > 0 {
        let detail = format!("{} keys of the old table are shared by two rows", known.duplicate_keys);
        all.push(Condition { name: "single keys".into(), holds: false, detail });
    }
    Ok(all)
}

fn verified(known: &Known, now: DateTime<Utc>) -> Condition {
    let age = known.verified_at.map(|at| (now - at).num_seconds());
    let rows = figures::count(known.compared);
    Condition {
        name: "verified".into(),
        holds: age.is_some_and(|age| age < known.max_age.as_secs().cast_signed()),
        detail: known.verified_at.map_or_else(
            || "not verified".into(),
            |at| format!("{rows} rows compared, each equal, {}", figures::ago(at, now)),
        ),
    }
}

async fn unchanged(session: &mut Session, scheme: &Scheme, known: &Known) -> Result<Condition> {
    // The epoch is not asked for: nothing is written.
    let fence = Fence::new(scheme, 0, known.fingerprint.clone());
    let tx = session.begin().await?;
    let holds = fence.fingerprint_now(&tx).await? == known.fingerprint;
    tx.rollback().await?;
    let detail =
        if holds { "table, leaves and triggers unchanged" } else { "table, leaves or triggers were changed" };
    Ok(Condition { name: "fingerprint".into(), holds, detail: detail.into() })
}

async fn adopting(session: &Session, scheme: &Scheme, known: &Known) -> Result<Vec<Condition>> {
    let mut all = Vec::new();
    if known.phase == Phase::Ready {
        let valid = match Key::wide(scheme) {
            Some(key) => key.is_valid(session).await?,
            None => true,
        };
        let key = scheme.twin_key_text();
        let detail = if valid { format!("{key} is there") } else { format!("the index of {key} is gone") };
        all.push(Condition { name: "key".into(), holds: valid, detail });
        if let Some(bound) = scheme.bound_of(&known.leaves) {
            let detail = format!("all rows before {}; asked again at the swap", bound.date_naive());
            all.push(Condition { name: "bound".into(), holds: measure::now(session).await? < bound, detail });
        }
    }
    all.extend(ops::readiness::around(session).await?);
    Ok(all)
}
