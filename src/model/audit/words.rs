//! An audit in words.

use super::{Audit, Audited, Reach, Verdict};
use crate::model::figures;

impl Audit {
    /// What was looked at, and against what.
    pub fn head(&self) -> String {
        let since = self.since.map(|since| format!(", counted since {}", since.format("%Y-%m-%d %H:%M UTC")));
        format!(
            "{}  by {}, {} partition{} ({}); statements of {}{}",
            self.table,
            self.by,
            self.leaves,
            if self.leaves == 1 { "" } else { "s" },
            self.against,
            self.from,
            since.unwrap_or_default()
        )
    }

    /// How many of which kind, and what part of the time those take that reach everything.
    pub fn counts(&self) -> String {
        let gist = self.gist();
        let share = gist.wide_time.map(|share| format!(" ({} of the time)", figures::percent(share)));
        let mut parts = vec![
            format!("{} statement{}", gist.statements, if gist.statements == 1 { "" } else { "s" }),
            format!("{} reach every partition{}", gist.wide, share.unwrap_or_default()),
            format!("{} fail", gist.failing),
        ];
        let count = |is: fn(&Audited) -> bool| self.statements.iter().filter(|one| is(one)).count();
        let unplanned = count(|one| matches!(one.verdict, Verdict::Unplanned(_)));
        if unplanned > 0 {
            parts.push(format!("{unplanned} cannot be planned from their text"));
        }
        let moving = count(|one| one.moves_rows);
        if moving > 0 {
            parts.push(format!("{moving} change {}", self.by));
        }
        parts.join(", ")
    }

    /// What is wrong with a statement of it, a sentence each.
    pub fn notes(&self, one: &Audited) -> Vec<String> {
        let (mut notes, by) = (Vec::new(), &self.by);
        match &one.verdict {
            Verdict::Fails(why) | Verdict::Unplanned(why) => notes.push(why.clone()),
            verdict if verdict.reaches_all() => {
                notes.push(match &one.looks_for[..] {
                    _ if one.is_blind => {
                        format!(
                            "its condition on {by} tells nothing: compare the column itself, with a value of its type"
                        )
                    }
                    [] => format!("it reads everything, whenever it was: nothing in it says which {by}"),
                    columns => format!("it looks for {} without {by}", columns.join(", ")),
                });
            }
            Verdict::Reaches(_) | Verdict::Inserts | Verdict::Elsewhere => {}
        }
        if one.moves_rows {
            notes.push(format!(
                "it changes {by}: a row that moves to another partition makes whoever waits for it fail with SQLSTATE 40001, to be tried again"
            ));
        }
        notes
    }
}

impl Audited {
    /// What became of it, how often it is called, and what it costs.
    pub fn line(&self) -> String {
        let mut parts = vec![self.verdict.words()];
        parts.extend(self.source.calls.map(|calls| format!("{} calls", figures::count(calls))));
        if let Some(ms) = self.source.total_ms {
            parts.push(figures::span(ms / 1_000.0));
        }
        parts.extend(self.each_ms().map(|ms| format!("{ms:.2} ms each")));
        parts.join(" · ")
    }

    /// Milliseconds of one call.
    pub fn each_ms(&self) -> Option<f64> {
        let calls = self.source.calls.map_or(1.0, |calls| figures::float(calls.max(1)));
        self.source.total_ms.map(|ms| ms / calls)
    }
}

impl Verdict {
    /// In words.
    pub fn words(&self) -> String {
        match self {
            Self::Reaches(reach) => reach.words(),
            Self::Inserts => "inserts into the right partition".into(),
            Self::Fails(_) => "fails".into(),
            Self::Unplanned(_) => "not planned".into(),
            Self::Elsewhere => "elsewhere".into(),
        }
    }
}

impl Reach {
    /// In words.
    pub fn words(&self) -> String {
        let at_most = if self.at_most { "at most " } else { "" };
        format!("reaches {at_most}{} of {}", self.touched, self.leaves)
    }
}
