//! Something that must hold before the swap, with the figure behind it.

use serde::{Deserialize, Serialize};

/// One condition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Condition {
    /// `verified`, `log`, `old snapshots`, …
    pub name: String,
    /// Whether it holds.
    pub holds: bool,
    /// The figure behind it: `2,000,000 rows equal, 12 s ago`.
    pub detail: String,
}
