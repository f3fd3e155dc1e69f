//! Where a rule is broken knowingly: the rule, the place, and the reason. Every entry must still be needed.

use super::rules::{Finding, Rule};

/// One exception.
#[derive(Debug)]
pub(crate) struct Exception {
    rule: Rule,
    path: &'static str,
    /// The item named by the finding.
    item: &'static str,
    pub(crate) reason: &'static str,
}

impl Exception {
    /// Whether the finding is the one that is excused.
    pub(crate) fn covers(&self, finding: &Finding) -> bool {
        self.rule == finding.rule && self.path == finding.path && self.item == finding.item
    }
}

/// All of them.
pub(crate) const EXCEPTIONS: &[Exception] = &[Exception {
    rule: Rule::Clock,
    path: "src/engine/steps/copying.rs",
    item: "Utc::now",
    reason: "since when a worker holds a chunk is only shown, beside a picture painted by the same clock",
}];
