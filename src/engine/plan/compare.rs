//! The strategies side by side for one table: the figures are those of their plans.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::{Outline, read};
use crate::{
    error::Result,
    model::{
        plan::{Cost, Finding, Request, Severity, Step},
        preflight::{self, choose_key},
        server::Extent,
        strategy::Strategy,
    },
    pg::Session,
};

/// One strategy for one table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alternative {
    /// Which.
    pub strategy: Strategy,
    /// What refuses it here; empty where it can be done.
    pub refused: Vec<Finding>,
    /// What it does; `None` where it is refused.
    #[serde(flatten)]
    pub summary: Option<Summary>,
}

/// What a plan comes to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// Bytes of rows that are copied.
    pub copied_bytes: i64,
    /// All steps' costs.
    pub cost: Cost,
    /// Locks that somebody waits for, with their steps, in order.
    pub locks: Vec<InStep>,
    /// What readers miss meanwhile.
    pub readers: Cow<'static, str>,
    /// How each step is undone that can be.
    pub undo: Vec<InStep>,
    /// The first step that cannot be undone.
    pub last_step: Option<String>,
}

/// A fact of one step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InStep {
    /// The step's name.
    pub step: String,
    /// The fact.
    pub words: String,
}

/// A table's size and span, and what each strategy would make of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Weighed {
    /// Its rows, estimated.
    pub rows: i64,
    /// Bytes of heap, TOAST and indexes.
    pub bytes: i64,
    /// First and last time of the column, as far as they are known.
    pub extent: Option<Extent>,
    /// All strategies, in their order.
    pub alternatives: Vec<Alternative>,
}

/// All strategies for one table, in their order.
pub async fn weigh(session: &Session, request: &Request) -> Result<Weighed> {
    let facts = read(session, request).await?;
    let extent = choose_key(&facts.table, request).ok().and_then(|by| facts.case(request).extent(&by.name));
    let (rows, bytes) = (facts.table.facts.rows_estimate, facts.table.facts.total_bytes);
    let alternatives = Strategy::ALL
        .into_iter()
        .map(|strategy| {
            let request = Request { strategy, ..request.clone() };
            let case = facts.case(&request);
            let findings = preflight::examine(&case);
            let refused: Vec<_> =
                findings.iter().filter(|finding| finding.severity == Severity::Refuse).cloned().collect();
            let summary = if refused.is_empty() {
                Some(Summary::of(&Outline::of(&case)?.steps(&findings), strategy))
            } else {
                None
            };
            Ok(Alternative { strategy, refused, summary })
        })
        .collect::<Result<_>>()?;
    Ok(Weighed { rows, bytes, extent, alternatives })
}

impl Summary {
    fn of(steps: &[Step], strategy: Strategy) -> Self {
        let fact = |step: &Step, words: &str| InStep { step: step.name.clone(), words: words.to_owned() };
        let strong =
            |lock: &&String| lock.starts_with("ACCESS EXCLUSIVE") || lock.starts_with("SHARE ROW EXCLUSIVE");
        let locks =
            steps.iter().flat_map(|step| step.locks.iter().filter(strong).map(|lock| fact(step, lock)));
        let undo = steps.iter().filter_map(|step| Some(fact(step, step.undo.as_deref()?)));
        let sum = |of: fn(&Cost) -> i64| steps.iter().map(|step| of(&step.cost)).sum();
        Self {
            copied_bytes: steps.iter().filter(|step| step.name == "copy").map(|step| step.cost.bytes).sum(),
            cost: Cost {
                rows: sum(|cost| cost.rows),
                bytes: sum(|cost| cost.bytes),
                wal_bytes: sum(|cost| cost.wal_bytes),
                seconds: sum(|cost| cost.seconds),
            },
            locks: locks.collect(),
            readers: strategy.readers_miss().into(),
            undo: undo.collect(),
            last_step: steps.iter().find(|step| step.undo.is_none()).map(|step| step.name.clone()),
        }
    }
}
